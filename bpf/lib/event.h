/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is told about packets: a counter for every reason, a ring buffer record for what was asked for. */
#pragma once

#include "maps.h"
#include "packet.h"
#include "settings.h"

static __always_inline void event_count(enum cara_reason reason)
{
	__u32 key = reason;
	__u64 *packets = bpf_map_lookup_elem(&cara_counters, &key);

	if (packets)
		*packets += 1;
}

/* Without room the record is lost; the counter is not. */
static __always_inline void event_send(struct __sk_buff *skb, const struct packet *p,
				       enum cara_event_kind kind, enum cara_reason reason,
				       enum cara_direction direction, __u32 rule)
{
	struct cara_event *event = bpf_ringbuf_reserve(&cara_events, sizeof(*event), 0);

	if (!event)
		return;
	event->kind = kind;
	event->reason = reason;
	event->rule = rule;
	event->ifindex = skb->ifindex;
	event->src = *packet_src(p);
	event->dst = *packet_dst(p);
	event->sport = p->icmp ? p->icmp : packet_sport(p);
	event->dport = p->icmp ? p->icmp : packet_dport(p);
	event->proto = p->key.proto;
	event->direction = direction;
	event->length = p->length > 0xffff ? 0xffff : p->length;
	event->pending_rule = p->pending_rule;
	event->pending = p->pending;
	__builtin_memset(event->pad, 0, sizeof(event->pad));
	bpf_ringbuf_submit(event, 0);
}

/*
 * Counts a dropped packet and tells about it when that is wanted. `direction` is the hook's; of a packet
 * between two local pods the reason knows better.
 */
__noinline int event_drop(struct __sk_buff *skb, const struct packet *p, __u32 reason,
			  __u32 direction)
{
	const struct cara_settings *settings = settings_get();

	if (reason == CARA_DROP_INGRESS_POLICY)
		direction = CARA_INGRESS;
	event_count(reason);
	if (p && settings && settings->drop_events)
		event_send(skb, p, CARA_EVENT_DROP, reason, direction, p->rule);
	return 0;
}
