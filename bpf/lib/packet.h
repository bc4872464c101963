/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a program knows about the packet in hand. The addresses and ports live in the connection key
 * in its normalised order; `dir` says in which direction the packet goes. Offsets count from the
 * Ethernet header.
 */
#pragma once

#include <linux/if_ether.h>
#include "addr.h"

enum packet_kind {
	PACKET_PLAIN, /* belongs to a connection by its key alone: TCP, UDP, SCTP, others */
	PACKET_QUERY, /* ICMP request or answer: identifier and type tell the connection */
	PACKET_ERROR, /* ICMP error about another packet */
	PACKET_NOTICE, /* any other ICMP: belongs to nothing */
};

enum packet_fragment {
	FRAGMENT_NONE,
	FRAGMENT_FIRST,
	FRAGMENT_LATER,
};

/* as in the TCP header's 14th byte */
enum packet_tcp {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_ACK = 0x10,
};

struct packet {
	struct cara_conn_key key;
	__u32 length; /* of the IP packet */
	__u32 rule; /* that decided last */
	__u32 from; /* interface that it came in by; the hooks say so when it must be judged */
	__be32 id; /* of a fragmented datagram */
	__be16 icmp; /* htons(type << 8 | code) */
	__u16 l4_off;
	__u8 l4_len; /* of the transport header, options included */
	__u8 dir; /* leg of the packet: 0 from a to b, 1 from b to a */
	__u8 tcp; /* enum packet_tcp */
	__u8 kind; /* enum packet_kind */
	__u8 fragment; /* enum packet_fragment */
	__u8 is_v4; /* of this packet; the addresses in the key are 16 bytes either way */
	__u8 pending; /* enum cara_pending, of the end that was judged last */
	__u8 is_for_node; /* from a workload: judge() found that the node itself is meant */
	__u32 pending_rule;
	__u32 ifindex; /* of the hook; set where it is to be told */
	__u32 class_id; /* the source's, when it is known already; 0 is unknown */
} __attribute__((aligned(8)));

static __always_inline const struct cara_addr *packet_src(const struct packet *p)
{
	return p->dir ? &p->key.b : &p->key.a;
}

static __always_inline const struct cara_addr *packet_dst(const struct packet *p)
{
	return p->dir ? &p->key.a : &p->key.b;
}

static __always_inline __be16 packet_sport(const struct packet *p)
{
	return p->dir ? p->key.bport : p->key.aport;
}

static __always_inline __be16 packet_dport(const struct packet *p)
{
	return p->dir ? p->key.aport : p->key.bport;
}

static __always_inline bool packet_is_v4(const struct packet *p)
{
	return p->is_v4;
}

static __always_inline void packet_set_v4(struct packet *p, __be32 src, __be32 dst)
{
	p->is_v4 = 1;
	if (bpf_ntohl(src) > bpf_ntohl(dst)) {
		p->dir = 1;
		addr_set_v4(&p->key.a, dst);
		addr_set_v4(&p->key.b, src);
	} else {
		addr_set_v4(&p->key.a, src);
		addr_set_v4(&p->key.b, dst);
	}
}

/*
 * False for an address that is IPv4 mapped: nobody sends it, and here it would be taken for the IPv4
 * host of that name.
 */
static __always_inline bool packet_set_v6(struct packet *p, const void *src, const void *dst)
{
	if (addr_is_above(src, dst)) {
		p->dir = 1;
		addr_copy(&p->key.a, dst);
		addr_copy(&p->key.b, src);
	} else {
		addr_copy(&p->key.a, src);
		addr_copy(&p->key.b, dst);
	}
	return !addr_is_v4(&p->key.a) && !addr_is_v4(&p->key.b);
}

static __always_inline void packet_set_ports(struct packet *p, __be16 sport, __be16 dport)
{
	if (p->dir) {
		p->key.aport = dport;
		p->key.bport = sport;
	} else {
		p->key.aport = sport;
		p->key.bport = dport;
	}
}

static __always_inline __u16 packet_l4_size(const struct packet *p)
{
	__u32 size = p->length + ETH_HLEN - p->l4_off;

	return size > 0xffff ? 0xffff : size;
}

/* A TCP packet that opens a connection and does nothing else. */
static __always_inline bool packet_is_syn(const struct packet *p)
{
	return (p->tcp & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)) == TCP_SYN;
}
