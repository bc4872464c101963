/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP errors: allowed when the packet they quote belongs to a live connection and they go to the one
 * who sent it. Only eight bytes of the quoted transport header need be there (RFC 792, RFC 4443).
 */
#pragma once

#include <linux/ip.h>
#include <linux/ipv6.h>
#include "extension.h"
#include "conntrack.h"

enum {
	/* an ICMP error's own header before the quoted packet */
	RELATED_HEADER = 8,
	/* of the quoted transport header: enough for ports and identifiers */
	RELATED_QUOTE = 8,
};

static __always_inline int related_quote_v4(struct __sk_buff *skb, struct packet *inner)
{
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, inner->l4_off, &ip, sizeof(ip)) < 0)
		return CARA_DROP_ICMP_UNRELATED;
	if (ip.version != 4 || ip.ihl < 5 || (ip.frag_off & bpf_htons(FRAGMENT_OFFSET)))
		return CARA_DROP_ICMP_UNRELATED;
	packet_set_v4(inner, ip.saddr, ip.daddr);
	inner->key.proto = ip.protocol;
	inner->l4_off += ip.ihl * 4;
	return CARA_PASS;
}

static __always_inline int related_quote_v6(struct __sk_buff *skb, struct packet *inner)
{
	struct ipv6hdr ip __attribute__((aligned(8)));
	__u32 field = 0;

	if (bpf_skb_load_bytes(skb, inner->l4_off, &ip, sizeof(ip)) < 0 || ip.version != 6)
		return CARA_DROP_ICMP_UNRELATED;
	if (!packet_set_v6(inner, &ip.saddr, &ip.daddr))
		return CARA_DROP_ICMP_UNRELATED;
	inner->key.proto = ip.nexthdr;
	inner->l4_off += sizeof(ip);
	if (extension_walk(skb, inner, &field))
		return CARA_DROP_ICMP_UNRELATED;
	/* the quote of a first fragment still shows the ports behind its fragment header */
	return field & 0xfff8 ? CARA_DROP_ICMP_UNRELATED : CARA_PASS;
}

static __always_inline int related_quote_ports(struct __sk_buff *skb, struct packet *inner)
{
	union {
		__be16 ports[RELATED_QUOTE / 2];
		struct transport_icmp icmp;
	} quote;

	if (bpf_skb_load_bytes(skb, inner->l4_off, &quote, sizeof(quote)) < 0)
		return CARA_DROP_ICMP_UNRELATED;
	switch (inner->key.proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
		packet_set_ports(inner, quote.ports[0], quote.ports[1]);
		return CARA_PASS;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (transport_icmp(inner, &quote.icmp) || inner->kind != PACKET_QUERY)
			return CARA_DROP_ICMP_UNRELATED;
		return CARA_PASS;
	default:
		return CARA_PASS;
	}
}

/*
 * Finds the connection that error `p` is about and copies the leg to its sender into `leg`. `from` is
 * the workload's interface that the error came from, or 0: a workload may complain only about what
 * was sent to it.
 */
__noinline int related(struct __sk_buff *skb, struct packet *p, struct cara_leg *leg, __u32 from)
{
	struct packet inner = {};
	struct cara_conn *conn;
	int reason;

	if (!p || !leg)
		return CARA_DROP_MALFORMED;
	inner.l4_off = p->l4_off + RELATED_HEADER;
	inner.length = p->length;
	reason = packet_is_v4(p) ? related_quote_v4(skb, &inner) : related_quote_v6(skb, &inner);
	if (!reason)
		reason = related_quote_ports(skb, &inner);
	if (reason)
		return reason;
	if (!addr_equal(packet_src(&inner), packet_dst(p)))
		return CARA_DROP_ICMP_UNRELATED;
	conn = bpf_map_lookup_elem(&cara_conns, &inner.key);
	if (!conn || !conn_is_live(conn, inner.key.proto, clock_now()) || !conn_is_current(conn) ||
	    !conn_owns(conn, &inner))
		return CARA_DROP_ICMP_UNRELATED;
	*leg = conn->leg[!inner.dir];
	return !from || leg->from_ifindex == from ? CARA_PASS : CARA_DROP_ICMP_UNRELATED;
}
