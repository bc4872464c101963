/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is told about packets: a counter for every reason, and for every rule that denied; a ring buffer
 * record for what was asked for, so many drops a second at most.
 */
#pragma once

#include <linux/in.h>
#include <linux/in6.h>
#include "clock.h"
#include "maps.h"
#include "packet.h"
#include "rules.h"
#include "settings.h"

enum {
	EVENT_SECOND = 1000000000, /* nanoseconds */
};

static __always_inline void event_count(enum cara_reason reason)
{
	__u32 key = reason;
	__u64 *packets = bpf_map_lookup_elem(&cara_counters, &key);

	if (packets)
		*packets += 1;
}

static __always_inline struct cara_meter *event_meter(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&cara_meters, &key);
}

/* Whether one more drop of this second may be told; those that may not are counted. */
static __always_inline bool event_is_due(__u32 limit)
{
	struct cara_meter *meter = event_meter();
	__u64 second = clock_now() / EVENT_SECOND;

	if (!meter || !limit)
		return false;
	if (meter->second != second) {
		meter->second = second;
		meter->sent = 0;
	}
	if (meter->sent >= limit) {
		meter->held_back += 1;
		return false;
	}
	meter->sent += 1;
	return true;
}

static __always_inline void event_lose(void)
{
	struct cara_meter *meter = event_meter();

	if (meter)
		meter->lost += 1;
}

/* Without room the record is lost; the counters are not. */
static __always_inline void event_send(const struct packet *p, enum cara_event_kind kind,
				       enum cara_reason reason, enum cara_direction direction,
				       __u32 rule)
{
	struct cara_event *event = bpf_ringbuf_reserve(&cara_events, sizeof(*event), 0);
	bool is_icmp;

	if (!event) {
		event_lose();
		return;
	}
	event->kind = kind;
	event->reason = reason;
	event->rule = rule;
	event->ifindex = p->ifindex;
	event->src = *packet_src(p);
	event->dst = *packet_dst(p);
	/* Type 0, code 0 is an echo reply: zero says nothing about what the packet is. */
	is_icmp = p->key.proto == IPPROTO_ICMP || p->key.proto == IPPROTO_ICMPV6;
	event->sport = is_icmp ? p->icmp : packet_sport(p);
	event->dport = is_icmp ? p->icmp : packet_dport(p);
	event->proto = p->key.proto;
	event->direction = direction;
	event->length = p->length > 0xffff ? 0xffff : p->length;
	event->pending_rule = p->pending_rule;
	event->pending = p->pending;
	__builtin_memset(event->pad, 0, sizeof(event->pad));
	bpf_ringbuf_submit(event, 0);
}

/* Whether a rule, or the lack of one, dropped the packet; its direction is then the rule's. */
static __always_inline bool event_is_policy(__u32 reason, __u32 *direction)
{
	switch (reason) {
	case CARA_DROP_INGRESS_POLICY:
	case CARA_DROP_HOST_INGRESS_POLICY:
		*direction = CARA_INGRESS;
		return true;
	case CARA_DROP_EGRESS_POLICY:
	case CARA_DROP_HOST_EGRESS_POLICY:
		*direction = CARA_EGRESS;
		return true;
	/* doNotTrack policy is asked in the hook's direction */
	case CARA_DROP_UNTRACKED_POLICY:
		return true;
	default:
		return false;
	}
}

/*
 * Counts a dropped packet and tells about it when that is wanted. `direction` is the hook's; of a packet
 * that policy dropped the reason knows better.
 */
__noinline int event_tell(const struct packet *p, __u32 reason, __u32 direction)
{
	const struct cara_settings *settings = settings_get();
	__u32 rule = 0;

	event_count(reason);
	if (!p)
		return 0;
	if (event_is_policy(reason, &direction)) {
		rule = p->rule;
		rules_add(rule, direction, 0, 1, p->length + ETH_HLEN);
	}
	if (settings && event_is_due(settings->drop_events))
		event_send(p, CARA_EVENT_DROP, reason, direction, rule);
	return 0;
}

/* The same for programs of tc. */
static __always_inline void event_drop(struct __sk_buff *skb, struct packet *p, __u32 reason,
				       __u32 direction)
{
	p->ifindex = skb->ifindex;
	event_tell(p, reason, direction);
}
