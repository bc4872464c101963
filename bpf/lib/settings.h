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

/* Whether what they may say to it is asked of its host endpoint's policy too. */
static __always_inline bool settings_asks_host(void)
{
	const struct cara_settings *settings = settings_get();

	return settings && settings->endpoint_to_host == CARA_HOST_RETURN;
}

/* Whether some interface has a host endpoint: nothing about them costs more than this where none has. */
static __always_inline bool settings_has_hosts(void)
{
	const struct cara_settings *settings = settings_get();

	return settings && settings->has_hosts;
}
