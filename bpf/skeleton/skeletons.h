/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
#include "../abi/abi.h"
#include "host.skel.h"
#include "sweep.skel.h"
#include "workload.skel.h"
#include "xdp.skel.h"
