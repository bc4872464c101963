// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The XDP program on interfaces whose host endpoint has doNotTrack policy for what comes in.
 *
 *   xdp_host: policed? -> parse -> failsafe? -> untracked ingress policy -> drop
 *                                                        `-> allowed, or nothing decides: pass
 *
 * It only ever drops: what it passes is asked about again by from_host, which must know what was allowed untracked,
 * and which does all of this where XDP is not to be had (untracked_host in host.bpf.c). Frames with a VLAN tag
 * belong to another interface, whose policy is asked there.
 */
#include "../lib/classes.h"
#include "../lib/host.h"
#include "../lib/neighbour.h"
#include "../lib/untracked.h"
#include "../lib/xdp.h"

static __always_inline int drop(const struct packet *p, int reason)
{
	event_tell(p, reason, CARA_INGRESS);
	return XDP_DROP;
}

static __always_inline bool is_neighbour(struct xdp_md *xdp, const struct packet *p)
{
	__u8 hops;

	if (!neighbour_may_be(p) ||
	    bpf_xdp_load_bytes(xdp, NEIGHBOUR_HOPS_OFF, &hops, sizeof(hops)) < 0)
		return false;
	return neighbour_is(p, hops);
}

SEC("xdp.frags")
int xdp_host(struct xdp_md *xdp)
{
	const struct cara_host *host = host_find(xdp->ingress_ifindex);
	struct packet p = {};
	int reason;
	__u32 id;

	if (!host)
		return XDP_PASS;
	p.ifindex = xdp->ingress_ifindex;
	reason = xdp_parse(xdp, &p);
	if (reason == CARA_PASS_NOT_IP || reason == CARA_DROP_NOT_IP)
		return XDP_PASS;
	if (reason && reason != CARA_DROP_FRAGMENT_UNKNOWN)
		return drop(&p, reason);
	if (is_neighbour(xdp, &p))
		return XDP_PASS;
	id = packet_is_v4(&p) ? host->v4.untracked_ingress : host->v6.untracked_ingress;
	if (id != CARA_PROGRAM_NONE)
		classes_note(&p, packet_src(&p));
	reason = untracked_verdict(&p, id, CARA_INGRESS);
	return reason > 0 ? drop(&p, reason) : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
