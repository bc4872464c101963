/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The verdict on the first packet of a connection: is the source who it says, does the policy of each
 * local end allow it. What is found on the way is kept in the entry to be.
 */
#pragma once

#include "denial.h"
#include "host.h"
#include "policy.h"
#include "route.h"
#include "scratch.h"
#include "settings.h"
#include "staged.h"

/* How a packet came: what that says about its source. */
enum judge_origin {
	/* in by a workload's veth: the source must be that workload's */
	ORIGIN_WORKLOAD,
	/* in by an interface of the node: the source must be no local workload's */
	ORIGIN_WIRE,
	/* out to a workload, forwarded by the node's stack: a local source must fit the interface in */
	ORIGIN_STACK,
};

/*
 * The agent writes an endpoint's record first and moves its generation then. Here the generation is
 * read first and the record then, so that an old record never comes with a new generation, which would
 * hide the change from the connection for ever. The slot must be known for that: hence two look-ups.
 */
static __always_inline bool judge_peek(const struct cara_addr *addr, __u32 *slot, __u32 *gen)
{
	struct cara_endpoint *endpoint = bpf_map_lookup_elem(&cara_endpoints, addr);

	*slot = endpoint ? endpoint->slot : 0;
	*gen = conn_gen(*slot);
	return endpoint;
}

/* The record of a local address; `slot`, when it is not 0, was peeked at already. */
static __always_inline struct cara_endpoint *judge_endpoint(const struct cara_addr *addr,
							    __u32 *slot, __u32 *gen)
{
	struct cara_endpoint *endpoint;

	if (!*slot && !judge_peek(addr, slot, gen))
		return NULL;
	endpoint = bpf_map_lookup_elem(&cara_endpoints, addr);
	if (endpoint && endpoint->slot == *slot)
		return endpoint;
	*slot = 0;
	return NULL;
}

/* The same for sources that an interface may use beyond its addresses. */
static __always_inline struct cara_iface *judge_iface(__u32 ifindex, __u32 *slot, __u32 *gen)
{
	struct cara_iface *iface = bpf_map_lookup_elem(&cara_ifaces, &ifindex);

	if (!iface)
		return NULL;
	*slot = iface->slot;
	*gen = conn_gen(*slot);
	iface = bpf_map_lookup_elem(&cara_ifaces, &ifindex);
	return iface && iface->slot == *slot ? iface : NULL;
}

/* Whether the interface may send from an address that is none of its own (allowedSourcePrefixes). */
static __always_inline bool judge_may_spoof(__u32 ifindex, const struct cara_iface *iface,
					    const struct cara_addr *src)
{
	struct cara_spoof_key key = {
		.prefixlen = sizeof(key.ifindex) * 8 + CARA_ADDR_BITS,
		.ifindex = bpf_htonl(ifindex),
		.addr = *src,
	};

	return (iface->flags & CARA_IFACE_SPOOF_PREFIXES) && bpf_map_lookup_elem(&cara_spoof, &key);
}

/* Tunnels out of a pod would carry packets past everybody's policy. */
static __always_inline bool judge_is_forbidden_tunnel(const struct packet *p)
{
	const struct cara_settings *settings = settings_get();

	if (!settings)
		return false;
	if (p->key.proto == IPPROTO_IPIP)
		return !settings->allow_ipip;
	return p->key.proto == IPPROTO_UDP && !settings->allow_vxlan && settings->vxlan_port &&
	       bpf_ntohs(packet_dport(p)) == settings->vxlan_port;
}

/* A source outside: it may be anyone but us. */
static __always_inline bool judge_is_forged_outside(const struct packet *p)
{
	return addr_is_unroutable(packet_src(p)) ||
	       bpf_map_lookup_elem(&cara_locals, packet_src(p));
}

/* Whether the source cannot be who it says; judge_source() comes to the same on its way. */
static __always_inline bool judge_is_forged(const struct packet *p, enum judge_origin origin)
{
	struct cara_endpoint *endpoint = bpf_map_lookup_elem(&cara_endpoints, packet_src(p));
	struct cara_iface *iface;

	if (endpoint)
		return endpoint->ifindex != p->from;
	if (origin != ORIGIN_WORKLOAD)
		return judge_is_forged_outside(p);
	iface = bpf_map_lookup_elem(&cara_ifaces, &p->from);
	return !iface || !judge_may_spoof(p->from, iface, packet_src(p));
}

/* The egress half: who sends, and may it. */
static __always_inline int judge_source(struct __sk_buff *skb, struct packet *p,
					struct cara_conn *fresh, enum judge_origin origin)
{
	struct cara_leg *out = &fresh->leg[p->dir & 1], *back = &fresh->leg[!p->dir];
	struct cara_endpoint *endpoint;
	struct cara_iface *iface;
	__u32 program, pending;
	int reason;

	endpoint = judge_endpoint(packet_src(p), &fresh->src_slot, &fresh->src_gen);
	if (endpoint) {
		if (endpoint->ifindex != p->from)
			return CARA_DROP_SPOOFED_SOURCE;
		if (!(endpoint->flags & CARA_ENDPOINT_READY))
			return CARA_DROP_NOT_READY;
		program = endpoint->egress_program;
		pending = endpoint->staged_egress;
		route_to_endpoint(back, endpoint);
	} else if (origin == ORIGIN_WORKLOAD) {
		iface = judge_iface(p->from, &fresh->src_slot, &fresh->src_gen);
		if (!iface || !judge_may_spoof(p->from, iface, packet_src(p)))
			return CARA_DROP_SPOOFED_SOURCE;
		program = packet_is_v4(p) ? iface->egress_program4 : iface->egress_program6;
		pending = packet_is_v4(p) ? iface->staged_egress4 : iface->staged_egress6;
	} else {
		/* whose policy to ask when this is judged again, until the way back is known */
		back->ifindex = p->from;
		return judge_is_forged_outside(p) ? CARA_DROP_SPOOFED_SOURCE : CARA_PASS;
	}
	out->from_ifindex = p->from;
	if (judge_is_forbidden_tunnel(p))
		return CARA_DROP_TUNNEL;
	reason = policy(skb, p, program, CARA_EGRESS);
	fresh->egress_rule = p->rule;
	staged_judge(p, fresh, pending, CARA_EGRESS);
	if (reason == CARA_DROP_EGRESS_POLICY)
		denial(p, CARA_EGRESS);
	return reason;
}

/* The ingress half: who receives, and may it hear this. */
static __always_inline int judge_destination(struct __sk_buff *skb, struct packet *p,
					     struct cara_conn *fresh)
{
	struct cara_leg *out = &fresh->leg[p->dir & 1], *back = &fresh->leg[!p->dir];
	struct cara_endpoint *endpoint;
	int reason;

	endpoint = judge_endpoint(packet_dst(p), &fresh->dst_slot, &fresh->dst_gen);
	if (endpoint) {
		if (!(endpoint->flags & CARA_ENDPOINT_READY))
			return CARA_DROP_NOT_READY;
		back->from_ifindex = endpoint->ifindex;
		route_to_endpoint(out, endpoint);
		reason = policy(skb, p, endpoint->ingress_program, CARA_INGRESS);
		fresh->ingress_rule = p->rule;
		staged_judge(p, fresh, endpoint->staged_ingress, CARA_INGRESS);
		if (reason == CARA_DROP_INGRESS_POLICY)
			denial(p, CARA_INGRESS);
		return reason;
	}
	if (!out->from_ifindex)
		return CARA_PASS;
	reason = route_find(skb, p, out);
	p->is_for_node = reason == CARA_DROP_HOST_ENDPOINT;
	return p->is_for_node && settings_allow_host() ? CARA_PASS : reason;
}

/*
 * Judges `p` as if it were the first of its connection. `fresh` must be zero, but for a destination
 * that was peeked at; slots, rules and what is known of both ways are entered in it.
 */
__noinline int judge(struct __sk_buff *skb, struct packet *p, struct cara_conn *fresh, __u32 origin)
{
	int reason;

	if (!p || !fresh)
		return CARA_DROP_MALFORMED;
	/* Nothing travels to where it is; the key could not tell its two directions apart. */
	if (addr_equal(&p->key.a, &p->key.b))
		return CARA_DROP_SPOOFED_SOURCE;
	reason = judge_source(skb, p, fresh, origin);
	return reason ? reason : judge_destination(skb, p, fresh);
}

/* The policy of the host endpoints on the way, once both ends have allowed it. */
static __always_inline int judge_hosts(struct __sk_buff *skb, struct packet *p,
				       struct cara_conn *fresh)
{
	if (!p->is_for_node)
		return host_forward(skb, p, p->from, fresh->leg[p->dir & 1].ifindex);
	return settings_asks_host() ? host_own(skb, p, p->from, CARA_INGRESS)
				    : host_arrive(skb, p, p->from);
}

/* Both: all that policy has to say. (Not one call within the other: the stack is short.) */
static __always_inline int judge_all(struct __sk_buff *skb, struct packet *p,
				     struct cara_scratch *scratch, __u32 origin)
{
	struct cara_conn *fresh = &scratch->fresh;
	__u32 gen = conn_gen(CARA_SLOT_HOSTS);
	int reason;

	p->is_for_node = 0;
	reason = judge(skb, p, fresh, origin);
	if (reason || !settings_has_hosts())
		return reason;
	host_note(fresh, gen);
	return host_settled(p, scratch, judge_hosts(skb, p, fresh));
}
