/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The header after IP: ports, TCP flags, ICMP types. The lengths it claims must fit the packet, also
 * in a first fragment (RFC 1858: what a filter needs must not come in the second).
 */
#pragma once

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include "packet.h"

/* RFC 9260 3.1 */
struct transport_sctp {
	__be16 sport;
	__be16 dport;
	__be32 tag;
	__be32 checksum;
};

/* The part of ICMP and ICMPv6 that every message has. */
struct transport_icmp {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be16 id;
	__be16 sequence;
};

/* linux/icmp.h cannot be included for target bpf: it asks for the 32-bit C library's headers. */
enum transport_icmp_type {
	/* RFC 792 */
	ICMP_ECHOREPLY = 0,
	ICMP_DEST_UNREACH = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETERPROB = 12,
	ICMP_TIMESTAMP = 13,
	ICMP_TIMESTAMPREPLY = 14,
	/* RFC 4443 */
	ICMP6_LAST_ERROR = 127,
	ICMP6_ECHO_REQUEST = 128,
	ICMP6_ECHO_REPLY = 129,
};

static __always_inline enum cara_reason transport_tcp(struct packet *p, const struct tcphdr *tcp)
{
	const __u8 *bytes = (const __u8 *)tcp;
	__u8 header = bytes[12] >> 4 << 2;

	if (header < sizeof(*tcp) || header > packet_l4_size(p))
		return CARA_DROP_MALFORMED;
	p->tcp = bytes[13];
	p->l4_len = header;
	packet_set_ports(p, tcp->source, tcp->dest);
	return CARA_PASS;
}

/* A datagram of several segments, or one cut into fragments, has a length of its own (`whole` 0). */
static __always_inline enum cara_reason transport_udp(struct packet *p, const struct udphdr *udp,
						      bool whole)
{
	__u16 length = bpf_ntohs(udp->len);

	if (whole && (length < sizeof(*udp) || length > packet_l4_size(p)))
		return CARA_DROP_MALFORMED;
	p->l4_len = sizeof(*udp);
	packet_set_ports(p, udp->source, udp->dest);
	return CARA_PASS;
}

static __always_inline enum packet_kind transport_icmp4_kind(__u8 type)
{
	switch (type) {
	case ICMP_ECHO:
	case ICMP_ECHOREPLY:
	case ICMP_TIMESTAMP:
	case ICMP_TIMESTAMPREPLY:
		return PACKET_QUERY;
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return PACKET_ERROR;
	default:
		return PACKET_NOTICE;
	}
}

static __always_inline enum packet_kind transport_icmp6_kind(__u8 type)
{
	if (type == ICMP6_ECHO_REQUEST || type == ICMP6_ECHO_REPLY)
		return PACKET_QUERY;
	return type <= ICMP6_LAST_ERROR ? PACKET_ERROR : PACKET_NOTICE;
}

static __always_inline enum cara_reason transport_icmp(struct packet *p,
						       const struct transport_icmp *icmp)
{
	bool is_v4 = packet_is_v4(p);

	if ((p->key.proto == IPPROTO_ICMP) != is_v4)
		return CARA_DROP_MALFORMED;
	p->kind = is_v4 ? transport_icmp4_kind(icmp->type) : transport_icmp6_kind(icmp->type);
	p->icmp = bpf_htons(icmp->type << 8 | icmp->code);
	p->l4_len = sizeof(*icmp);
	if (p->kind == PACKET_QUERY)
		packet_set_ports(p, icmp->id, icmp->id);
	return CARA_PASS;
}

/* Any header that is read. */
union transport_header {
	struct tcphdr tcp;
	struct udphdr udp;
	struct transport_sctp sctp;
	struct transport_icmp icmp;
};

/* How much of it there must be; 0 for protocols of which nothing is read. */
static __always_inline __u32 transport_need(__u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return sizeof(struct tcphdr);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return sizeof(struct udphdr);
	case IPPROTO_SCTP:
		return sizeof(struct transport_sctp);
	default:
		return 0;
	}
}

/* `whole`: a datagram's length field tells of this packet. */
static __always_inline int transport_read(struct packet *p, const union transport_header *header,
					  bool whole)
{
	switch (p->key.proto) {
	case IPPROTO_TCP:
		return transport_tcp(p, &header->tcp);
	case IPPROTO_UDP:
		return transport_udp(p, &header->udp, whole);
	/* its length field is how far the checksum reaches (RFC 3828 3.1), not the packet's size */
	case IPPROTO_UDPLITE:
		packet_set_ports(p, header->udp.source, header->udp.dest);
		return CARA_PASS;
	case IPPROTO_SCTP:
		packet_set_ports(p, header->sctp.sport, header->sctp.dport);
		return CARA_PASS;
	default:
		return transport_icmp(p, &header->icmp);
	}
}

/*
 * Reads the header at l4_off of any protocol, the slow way: for what the parser does not find at
 * once in the linear part, or does not read itself.
 */
__noinline int transport(struct __sk_buff *skb, struct packet *p)
{
	union transport_header header = {};
	__u32 need;

	if (!p)
		return CARA_DROP_MALFORMED;
	need = transport_need(p->key.proto);
	if (!need)
		return CARA_PASS;
	if (packet_l4_size(p) < need || bpf_skb_load_bytes(skb, p->l4_off, &header, need) < 0)
		return CARA_DROP_MALFORMED;
	return transport_read(p, &header, !p->fragment && !skb->gso_size);
}
