/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What flows.bpf.c and the bench that loads it agree on. */
#pragma once

#include "../abi/abi.h"

enum {
	FLOWS_MAX = 1024, /* a power of two */
	/* source ports, one after another; with FLOWS_MAX ends they repeat after 512,000 flows */
	FLOWS_FIRST_PORT = 1024,
	FLOWS_PORTS = 64000,
	FLOWS_HOPS = 64,
};

enum flows_target {
	FLOWS_TESTED = 0,
	FLOWS_EMPTY = 1,
	FLOWS_TARGET_COUNT = 2,
};

struct flows_ends {
	struct cara_addr src;
	struct cara_addr dst;
	__be16 dport;
	__u8 pad[6];
};
