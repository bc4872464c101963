/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer as a library: the compiler links it in with -sanitize=fuzzer, and has no header for it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
