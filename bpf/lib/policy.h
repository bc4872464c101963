/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One verdict, four look-ups, whatever the number of rules: the remote address's class, the class's
 * group, the port's group, and what the program says of the two groups. See abi.h for the tables.
 */
#pragma once

#include <linux/in.h>
#include <linux/in6.h>
#include "bitmap.h"
#include "event.h"
#include "maps.h"
#include "rules.h"

static __always_inline __u32 policy_class(const struct cara_addr *addr)
{
	struct cara_class_key key = { .prefixlen = CARA_ADDR_BITS, .addr = *addr };
	__u32 *class_id = bpf_map_lookup_elem(&cara_classes, &key);

	return class_id ? *class_id : 0;
}

static __always_inline __u32 policy_remote_group(__u32 id, const struct cara_program *program,
						 const struct packet *p,
						 const struct cara_addr *remote)
{
	struct cara_group_key key = { .program = id };
	__u32 *group;

	if (p->class_id && remote == packet_src(p))
		key.class_id = p->class_id;
	else
		key.class_id = policy_class(remote);
	group = bpf_map_lookup_elem(&cara_groups, &key);
	return group ? *group : program->default_group;
}

static __always_inline void policy_port_key(struct cara_port_key *key, __u32 id, __u8 proto,
					    __be16 port)
{
	key->prefixlen = (sizeof(*key) - sizeof(key->prefixlen)) * 8;
	key->program = bpf_htonl(id);
	key->proto = proto;
	key->pad = 0;
	key->port = port;
}

static __always_inline bool policy_is_icmp(const struct packet *p)
{
	return p->key.proto == IPPROTO_ICMP || p->key.proto == IPPROTO_ICMPV6;
}

static __always_inline __u32 policy_port_group(__u32 id, const struct cara_program *program,
					       const struct packet *p)
{
	struct cara_port_key key;
	__u32 *group;

	if (program->flags & CARA_PROGRAM_ANY_PORT)
		return program->default_port_group;
	/* Type 0, code 0 is an echo reply: zero says nothing about what the packet is. */
	policy_port_key(&key, id, p->key.proto, policy_is_icmp(p) ? p->icmp : packet_dport(p));
	group = bpf_map_lookup_elem(&cara_ports, &key);
	return group ? *group : program->default_port_group;
}

static __always_inline __u32 policy_sport_group(__u32 id, const struct cara_program *program,
						const struct packet *p)
{
	struct cara_port_key key;
	__u32 *group;

	if (!(program->flags & CARA_PROGRAM_SPORTS))
		return 0;
	policy_port_key(&key, id, p->key.proto, packet_sport(p));
	group = bpf_map_lookup_elem(&cara_sports, &key);
	return group ? *group : 0;
}

/*
 * The verdict on the groups in `key`, by table or by bitmaps; NULL denies. What a sparse table does not name
 * is denied too, by a rule.
 */
static __always_inline const struct cara_verdict *policy_verdict(const struct cara_program *program,
								 struct cara_verdict_key *key)
{
	const struct cara_verdict *verdict;
	struct bitmap_search *search;
	__u32 zero = 0;

	if (!(program->flags & CARA_PROGRAM_BITMAP)) {
		verdict = bpf_map_lookup_elem(&cara_verdicts, key);
		if (verdict || !(program->flags & CARA_PROGRAM_SPARSE))
			return verdict;
	}
	search = bpf_map_lookup_elem(&cara_search, &zero);
	if (!search)
		return NULL;
	if (!(program->flags & CARA_PROGRAM_BITMAP)) {
		search->verdict.rule = program->default_rule;
		search->verdict.log_rule = 0;
		search->verdict.action = CARA_ACTION_DENY;
		return &search->verdict;
	}
	search->key = *key;
	search->sides = program->flags & CARA_PROGRAM_SPORTS ? 3 : 2;
	return bitmap_verdict(search) ? NULL : &search->verdict;
}

enum {
	/* what policy() says when nothing decides and what comes next is to be asked */
	POLICY_NONE = -1,
	/* added to a direction: the program is a host endpoint's */
	POLICY_HOST = 2,
};

static __always_inline int policy_denied(__u32 direction)
{
	if (direction & POLICY_HOST)
		return direction & CARA_EGRESS ? CARA_DROP_HOST_EGRESS_POLICY
					       : CARA_DROP_HOST_INGRESS_POLICY;
	return direction & CARA_EGRESS ? CARA_DROP_EGRESS_POLICY : CARA_DROP_INGRESS_POLICY;
}

/*
 * Program `id`, NULL without tables. Where a host endpoint's is a split, the near end's class chooses the one that
 * decides, whose id is left in `id`.
 */
static __always_inline const struct cara_program *policy_find(const struct packet *p, __u32 *id,
							      __u32 direction)
{
	const struct cara_program *program = bpf_map_lookup_elem(&cara_programs, id);

	/* a workload's near end is known, and its program no split */
	if (!program || !(direction & POLICY_HOST) || !(program->flags & CARA_PROGRAM_SPLIT))
		return program;
	*id = policy_remote_group(*id, program, p,
				  direction & CARA_EGRESS ? packet_src(p) : packet_dst(p));
	return *id >= CARA_PROGRAM_FIRST ? bpf_map_lookup_elem(&cara_programs, id) : NULL;
}

/* What the program of `key`, found before, says of `p`; NULL when its tables are incomplete. */
static __always_inline const struct cara_verdict *policy_look(const struct packet *p,
							      const struct cara_program *program,
							      struct cara_verdict_key *key,
							      __u32 direction)
{
	if (!program)
		return NULL;
	key->group = policy_remote_group(key->program, program, p,
					 direction & CARA_EGRESS ? packet_dst(p) : packet_src(p));
	key->port_group = policy_port_group(key->program, program, p);
	key->sport_group = policy_sport_group(key->program, program, p);
	return policy_verdict(program, key);
}

/*
 * Judges `p` as the first packet of a connection by policy program `id`; CARA_PASS, POLICY_NONE or a
 * reason to drop. The deciding rule is left in `p->rule`. `direction` is of enum cara_direction, with
 * POLICY_HOST for a host endpoint's program.
 */
__noinline int policy_at(struct packet *p, __u32 id, __u32 direction)
{
	struct cara_verdict_key key = { .program = id };
	const struct cara_program *program = NULL;
	const struct cara_verdict *verdict;
	int denied = policy_denied(direction), result;

	if (!p)
		return CARA_DROP_NO_VERDICT;
	p->rule = 0;
	if (id >= CARA_PROGRAM_FIRST)
		program = policy_find(p, &key.program, direction);
	id = key.program;
	if (id == CARA_PROGRAM_ALLOW_ALL)
		return CARA_PASS;
	if (id == CARA_PROGRAM_DENY_ALL)
		return denied;
	if (id == CARA_PROGRAM_NONE)
		return direction & POLICY_HOST ? POLICY_NONE : CARA_DROP_NO_VERDICT;
	verdict = policy_look(p, program, &key, direction);
	if (!verdict)
		return CARA_DROP_NO_VERDICT;
	result = verdict->action == CARA_ACTION_ALLOW ? CARA_PASS : denied;
	/* what an end of a host's stage may say, a workload's program never does */
	if (verdict->action == CARA_ACTION_NONE)
		result = direction & POLICY_HOST ? POLICY_NONE : CARA_DROP_NO_VERDICT;
	if (verdict->log_rule) {
		event_send(p, CARA_EVENT_LOG_RULE, result == denied ? denied : CARA_PASS,
			   direction & CARA_EGRESS, verdict->log_rule);
		rules_add(verdict->log_rule, direction, 0, 1, p->length + ETH_HLEN);
	}
	p->rule = verdict->rule;
	return result;
}

/* The same for programs of tc. */
static __always_inline int policy(struct __sk_buff *skb, struct packet *p, __u32 id,
				  __u32 direction)
{
	p->ifindex = skb->ifindex;
	return policy_at(p, id, direction);
}
