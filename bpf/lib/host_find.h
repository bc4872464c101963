/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The host endpoint of an interface. One without an endpoint of its own has that of `*`, and where there is none,
 * nothing is asked.
 */
#pragma once

#include "maps.h"
#include "packet.h"

static __always_inline const struct cara_host *host_find(__u32 ifindex)
{
	const struct cara_host *host = bpf_map_lookup_elem(&cara_hosts, &ifindex);
	__u32 any = 0;

	return host ? host : bpf_map_lookup_elem(&cara_hosts, &any);
}

static __always_inline const struct cara_host_programs *host_programs(const struct cara_host *host,
								      const struct packet *p)
{
	return packet_is_v4(p) ? &host->v4 : &host->v6;
}

/* What they would be were staged policies enforced, 0 where nothing is staged. */
static __always_inline const struct cara_host_programs *host_wanted(const struct cara_host *host,
								    const struct packet *p)
{
	return packet_is_v4(p) ? &host->staged_v4 : &host->staged_v6;
}
