/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a frame to a struct packet. TCP and UDP right behind an IP header are read in place, because
 * that is nearly every packet; all else takes the slower way of transport.h, fragment.h, extension.h.
 * Nothing passes that was not parsed to its transport header.
 */
#pragma once

#include <linux/ip.h>
#include <linux/ipv6.h>
#include "extension.h"

enum {
	/* the longest headers that are read in place: Ethernet, IPv4 and TCP with all options */
	PARSE_LINEAR = ETH_HLEN + 60 + 60,
};

/* Headers may lie in pages beside the buffer; brings them to where data and data_end see them. */
static __always_inline void parse_pull(struct __sk_buff *skb)
{
	__u32 linear = skb->data_end - skb->data;

	if (linear < PARSE_LINEAR && linear < skb->len)
		bpf_skb_pull_data(skb, skb->len < PARSE_LINEAR ? skb->len : PARSE_LINEAR);
}

/*
 * The length that the IP header claims, checked against the frame; 0 is wrong. Super-packets of 64 KiB
 * and more claim none (BIG TCP, Linux 5.19 and 6.3), so that there the frame counts.
 */
static __always_inline __u32 parse_length(struct __sk_buff *skb, __u32 claimed, __u32 at_least)
{
	__u32 carried = skb->len - ETH_HLEN;

	if (claimed < at_least)
		return skb->gso_size && carried > 0xffff ? carried : 0;
	return claimed <= carried ? claimed : 0;
}

/* Reads a TCP or UDP header in place at `l4`; the rest by transport(). */
static __always_inline int parse_transport(struct __sk_buff *skb, struct packet *p, void *l4,
					   void *end)
{
	if (p->key.proto == IPPROTO_TCP) {
		if (l4 + sizeof(struct tcphdr) > end)
			return CARA_DROP_MALFORMED;
		return transport_tcp(p, l4);
	}
	if (p->key.proto == IPPROTO_UDP) {
		if (l4 + sizeof(struct udphdr) > end)
			return CARA_DROP_MALFORMED;
		return transport_udp(p, l4, !skb->gso_size);
	}
	return transport(skb, p);
}

static __always_inline int parse_v4(struct __sk_buff *skb, struct packet *p)
{
	void *end = (void *)(long)skb->data_end;
	struct iphdr *ip = (void *)(long)skb->data + ETH_HLEN;
	__u32 header, field;

	if ((void *)(ip + 1) > end)
		return CARA_DROP_MALFORMED;
	header = ip->ihl * 4;
	if (ip->version != 4 || header < sizeof(*ip))
		return CARA_DROP_MALFORMED;
	p->length = parse_length(skb, bpf_ntohs(ip->tot_len), header);
	if (!p->length)
		return CARA_DROP_MALFORMED;
	packet_set_v4(p, ip->saddr, ip->daddr);
	p->key.proto = ip->protocol;
	p->l4_off = ETH_HLEN + header;
	field = bpf_ntohs(ip->frag_off);
	if (field & (FRAGMENT_MORE | FRAGMENT_OFFSET)) {
		p->id = ip->id;
		return fragment(skb, p, (field & FRAGMENT_OFFSET) * FRAGMENT_UNIT,
				field & FRAGMENT_MORE);
	}
	return parse_transport(skb, p, (void *)ip + header, end);
}

static __always_inline int parse_v6(struct __sk_buff *skb, struct packet *p)
{
	void *end = (void *)(long)skb->data_end;
	struct ipv6hdr *ip = (void *)(long)skb->data + ETH_HLEN;
	__u32 claimed;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return CARA_DROP_MALFORMED;
	claimed = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (!ip->payload_len && skb->gso_size)
		claimed = 0;
	p->length = parse_length(skb, claimed, sizeof(*ip));
	if (!p->length)
		return CARA_DROP_MALFORMED;
	if (!packet_set_v6(p, &ip->saddr, &ip->daddr))
		return CARA_DROP_MALFORMED;
	p->key.proto = ip->nexthdr;
	p->l4_off = ETH_HLEN + sizeof(*ip);
	if (ip->nexthdr == IPPROTO_TCP || ip->nexthdr == IPPROTO_UDP)
		return parse_transport(skb, p, ip + 1, end);
	return extension_parse(skb, p);
}

/* Fills `p`, which must be zero, from the frame. */
static __always_inline int parse(struct __sk_buff *skb, struct packet *p)
{
	parse_pull(skb);
	switch (skb->protocol) {
	case bpf_htons(ETH_P_IP):
		return parse_v4(skb, p);
	case bpf_htons(ETH_P_IPV6):
		return parse_v6(skb, p);
	case bpf_htons(ETH_P_ARP):
		return CARA_PASS_NOT_IP;
	default:
		return CARA_DROP_NOT_IP;
	}
}
