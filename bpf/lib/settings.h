/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the agent may change while the programs run. Off the fast path. */
#pragma once

#include <stdbool.h>
#include "maps.h"

static __always_inline const struct cara_settings *settings_get(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&cara_settings, &key);
}

/* Whether TCP without a SYN needs a known connection. Without settings: yes, the safe way. */
static __always_inline bool settings_check_tcp(void)
{
	const struct cara_settings *settings = settings_get();

	return !settings || settings->conntrack_invalid_check;
}

/* Whether workloads may talk to the node itself (defaultEndpointToHostAction). */
static __always_inline bool settings_allow_host(void)
{
	const struct cara_settings *settings = settings_get();

	return settings && settings->endpoint_to_host != CARA_HOST_DROP;
}

/* Whether both ends of a TCP connection that is refused now are told (revokedFlowAction). */
static __always_inline bool settings_reset_revoked(void)
{
	const struct cara_settings *settings = settings_get();

	return settings && settings->revoked == CARA_REVOKED_RESET;
}
