/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a frame's first bytes say, read in place, for programs of tc and of XDP alike. TCP and UDP right
 * behind an IP header are read to the end here, because that is nearly every packet; of all else it is said
 * which of the slower readers goes on.
 */
#pragma once

#include <linux/ip.h>
#include <linux/ipv6.h>
#include "extension.h"

/* The bytes that can be read in place, and what is known of the rest. */
struct frame {
	void *data;
	void *end;
	__u32 length; /* of the whole frame */
	bool is_super; /* stands for several packets that segmentation will make of it */
};

enum frame_rest {
	FRAME_DONE,
	FRAME_TRANSPORT, /* a transport header that is not read in place */
	FRAME_FRAGMENT, /* one of several of a datagram */
	FRAME_EXTENSION, /* IPv6 extension headers */
};

/* Who goes on where the frame was not read to its end. */
struct frame_next {
	enum frame_rest rest;
	__u32 offset; /* FRAME_FRAGMENT: of the fragment, in bytes */
	__u32 more; /* FRAME_FRAGMENT: not 0 when others follow */
};

/*
 * The length that the IP header claims, checked against the frame; 0 is wrong. Super-packets of 64 KiB
 * and more claim none (BIG TCP, Linux 5.19 and 6.3), so that there the frame counts.
 */
static __always_inline __u32 frame_length(const struct frame *frame, __u32 claimed, __u32 at_least)
{
	__u32 carried = frame->length - ETH_HLEN;

	if (claimed < at_least)
		return frame->is_super && carried > 0xffff ? carried : 0;
	return claimed <= carried ? claimed : 0;
}

/* Reads a TCP or UDP header in place at `l4`. */
static __always_inline int frame_transport(const struct frame *frame, struct packet *p, void *l4,
					   struct frame_next *next)
{
	if (p->key.proto == IPPROTO_TCP) {
		if (l4 + sizeof(struct tcphdr) > frame->end)
			return CARA_DROP_MALFORMED;
		return transport_tcp(p, l4);
	}
	if (p->key.proto == IPPROTO_UDP) {
		if (l4 + sizeof(struct udphdr) > frame->end)
			return CARA_DROP_MALFORMED;
		return transport_udp(p, l4, !frame->is_super);
	}
	next->rest = FRAME_TRANSPORT;
	return CARA_PASS;
}

static __always_inline int frame_v4(const struct frame *frame, struct packet *p,
				    struct frame_next *next)
{
	struct iphdr *ip = frame->data + ETH_HLEN;
	__u32 header, field;

	if ((void *)(ip + 1) > frame->end)
		return CARA_DROP_MALFORMED;
	header = ip->ihl * 4;
	if (ip->version != 4 || header < sizeof(*ip))
		return CARA_DROP_MALFORMED;
	p->length = frame_length(frame, bpf_ntohs(ip->tot_len), header);
	if (!p->length)
		return CARA_DROP_MALFORMED;
	packet_set_v4(p, ip->saddr, ip->daddr);
	p->key.proto = ip->protocol;
	p->l4_off = ETH_HLEN + header;
	field = bpf_ntohs(ip->frag_off);
	if (field & (FRAGMENT_MORE | FRAGMENT_OFFSET)) {
		p->id = ip->id;
		next->rest = FRAME_FRAGMENT;
		next->offset = (field & FRAGMENT_OFFSET) * FRAGMENT_UNIT;
		next->more = field & FRAGMENT_MORE;
		return CARA_PASS;
	}
	return frame_transport(frame, p, (void *)ip + header, next);
}

static __always_inline int frame_v6(const struct frame *frame, struct packet *p,
				    struct frame_next *next)
{
	struct ipv6hdr *ip = frame->data + ETH_HLEN;
	__u32 claimed;

	if ((void *)(ip + 1) > frame->end || ip->version != 6)
		return CARA_DROP_MALFORMED;
	claimed = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (!ip->payload_len && frame->is_super)
		claimed = 0;
	p->length = frame_length(frame, claimed, sizeof(*ip));
	if (!p->length)
		return CARA_DROP_MALFORMED;
	if (!packet_set_v6(p, &ip->saddr, &ip->daddr))
		return CARA_DROP_MALFORMED;
	p->key.proto = ip->nexthdr;
	p->l4_off = ETH_HLEN + sizeof(*ip);
	if (ip->nexthdr == IPPROTO_TCP || ip->nexthdr == IPPROTO_UDP)
		return frame_transport(frame, p, ip + 1, next);
	next->rest = FRAME_EXTENSION;
	return CARA_PASS;
}

/* Fills `p`, which must be zero, from what can be read in place. */
static __always_inline int frame_parse(const struct frame *frame, __be16 protocol, struct packet *p,
				       struct frame_next *next)
{
	switch (protocol) {
	case bpf_htons(ETH_P_IP):
		return frame_v4(frame, p, next);
	case bpf_htons(ETH_P_IPV6):
		return frame_v6(frame, p, next);
	case bpf_htons(ETH_P_ARP):
		return CARA_PASS_NOT_IP;
	default:
		return CARA_DROP_NOT_IP;
	}
}
