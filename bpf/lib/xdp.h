/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From an XDP program's frame to a struct packet: what parse.h does for tc, by the helpers that XDP has. There are
 * no super-packets here, and no tags beside the frame.
 */
#pragma once

#include "frame.h"

static __always_inline int xdp_transport(struct xdp_md *xdp, struct packet *p)
{
	union transport_header header = {};
	__u32 need = transport_need(p->key.proto);

	if (!need)
		return CARA_PASS;
	if (packet_l4_size(p) < need || bpf_xdp_load_bytes(xdp, p->l4_off, &header, need) < 0)
		return CARA_DROP_MALFORMED;
	return transport_read(p, &header, !p->fragment);
}

static __always_inline int xdp_fragment(struct xdp_md *xdp, struct packet *p,
					const struct frame_next *next)
{
	int reason = fragment_check(p, next->offset, next->more);

	if (reason)
		return reason;
	if (next->offset)
		return fragment_recall(p);
	reason = xdp_transport(xdp, p);
	return reason ? reason : fragment_remember(p);
}

/* Goes past IPv6 extension headers; `next` says what follows them. */
static __always_inline int xdp_extension(struct xdp_md *xdp, struct packet *p,
					 struct frame_next *next)
{
	struct extension header;
	__u32 field = 0, i;
	int reason;

	next->rest = FRAME_TRANSPORT;
	for (i = 0; i < CARA_HEADERS_MAX && extension_is(p->key.proto); i++) {
		if (bpf_xdp_load_bytes(xdp, p->l4_off, &header, sizeof(header)) < 0)
			return CARA_DROP_MALFORMED;
		reason = extension_step(p, &header, i, &field);
		if (reason)
			return reason;
		if (!field)
			continue;
		next->rest = FRAME_FRAGMENT;
		next->offset = field & 0xfff8;
		next->more = field & 1;
		return CARA_PASS;
	}
	return extension_is(p->key.proto) ? CARA_DROP_HEADERS : CARA_PASS;
}

/* What frame.h has left, off the path that floods take. */
__noinline int xdp_slow(struct xdp_md *xdp, struct packet *p, struct frame_next *next)
{
	int reason;

	if (!p || !next)
		return CARA_DROP_MALFORMED;
	if (next->rest == FRAME_EXTENSION) {
		reason = xdp_extension(xdp, p, next);
		if (reason)
			return reason;
	}
	return next->rest == FRAME_FRAGMENT ? xdp_fragment(xdp, p, next) : xdp_transport(xdp, p);
}

/* Fills `p`, which must be zero, from the frame. */
static __always_inline int xdp_parse(struct xdp_md *xdp, struct packet *p)
{
	struct frame_next next = {};
	struct frame frame = {
		.data = (void *)(long)xdp->data,
		.end = (void *)(long)xdp->data_end,
		.length = bpf_xdp_get_buff_len(xdp),
	};
	struct ethhdr *eth = frame.data;
	int reason;

	if ((void *)(eth + 1) > frame.end)
		return CARA_DROP_MALFORMED;
	reason = frame_parse(&frame, eth->h_proto, p, &next);
	if (reason || next.rest == FRAME_DONE)
		return reason;
	return xdp_slow(xdp, p, &next);
}
