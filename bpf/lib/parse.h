/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a tc program's frame to a struct packet. What frame.h does not read in place takes the slower way of
 * transport.h, fragment.h, extension.h. Nothing passes that was not parsed to its transport header.
 */
#pragma once

#include "frame.h"

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

/* Fills `p`, which must be zero, from the frame. */
static __always_inline int parse(struct __sk_buff *skb, struct packet *p)
{
	struct frame_next next = {};
	struct frame frame;
	int reason;

	parse_pull(skb);
	frame.data = (void *)(long)skb->data;
	frame.end = (void *)(long)skb->data_end;
	frame.length = skb->len;
	frame.is_super = skb->gso_size;
	reason = frame_parse(&frame, skb->protocol, p, &next);
	if (reason)
		return reason;
	switch (next.rest) {
	case FRAME_TRANSPORT:
		return transport(skb, p);
	case FRAME_FRAGMENT:
		return fragment(skb, p, next.offset, next.more);
	case FRAME_EXTENSION:
		return extension_parse(skb, p);
	default:
		return CARA_PASS;
	}
}
