/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A TCP connection that policy allows no more, where its ends shall know at once (revokedFlowAction
 * Reset): the packet in hand becomes two resets, one back to its sender and one on to its receiver.
 *
 * A reset counts when it carries the very sequence number that its receiver expects next (RFC 9293
 * 3.10.7.4, RFC 5961 3.2). The sender expects what it acknowledges, the receiver what the sender sends:
 * both stand in the packet. A receiver that misses something in between answers with a challenge, which
 * is a packet of the connection and meets the same end.
 */
#pragma once

#include "settings.h"
#include "route.h"
#include "scratch.h"

enum {
	RESET_HOPS = 64,
	RESET_SUM_OFF = 16, /* of a TCP header */
};

/* Where a packet meets the program that resets its connection. */
enum reset_hook {
	RESET_ARRIVING, /* the sender is behind the interface */
	RESET_LEAVING, /* the receiver is */
};

/* What the packet said before it was cut. */
struct reset_origin {
	struct ethhdr eth;
	__be16 source;
	__be16 dest;
	__be32 seq;
	__be32 ack;
	__u32 size; /* sequence numbers that it takes */
	bool is_acking;
	/* The device is still to sum up what follows the TCP header: only the pseudo-header is ours. */
	bool is_partial;
};

/* A reset that an agent's program made; nobody but the node's root can mark packets so. */
static __always_inline bool reset_is_ours(const struct __sk_buff *skb, const struct packet *p)
{
	return skb->mark == CARA_MARK_RESET && p->key.proto == IPPROTO_TCP && (p->tcp & TCP_RST);
}

/* Whether a packet of a connection that is refused now shall end it. A reset is never answered. */
static __always_inline bool reset_is_due(const struct packet *p, int reason)
{
	if (reason != CARA_DROP_EGRESS_POLICY && reason != CARA_DROP_INGRESS_POLICY &&
	    reason != CARA_DROP_HOST_EGRESS_POLICY && reason != CARA_DROP_HOST_INGRESS_POLICY)
		return false;
	return p->key.proto == IPPROTO_TCP && !(p->tcp & TCP_RST) && p->fragment == FRAGMENT_NONE &&
	       settings_reset_revoked();
}

/* Headers with options or extensions are rare, and not worth what it takes to turn them round. */
static __always_inline bool reset_is_plain(const struct packet *p)
{
	__u32 header = packet_is_v4(p) ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);

	return p->l4_off == ETH_HLEN + header;
}

static __always_inline bool reset_read(struct __sk_buff *skb, const struct packet *p,
				       struct reset_origin *origin)
{
	struct tcphdr tcp;

	if (bpf_skb_load_bytes(skb, 0, &origin->eth, sizeof(origin->eth)) < 0 ||
	    bpf_skb_load_bytes(skb, p->l4_off, &tcp, sizeof(tcp)) < 0)
		return false;
	origin->source = tcp.source;
	origin->dest = tcp.dest;
	origin->seq = tcp.seq;
	origin->ack = tcp.ack_seq;
	origin->is_acking = p->tcp & TCP_ACK;
	origin->size = p->length - (p->l4_off - ETH_HLEN) - p->l4_len + !!(p->tcp & TCP_SYN) +
		       !!(p->tcp & TCP_FIN);
	return true;
}

/*
 * Cuts the packet behind a TCP header without options. The kernel refuses to cut off a sum that the
 * device is to fill in (CHECKSUM_PARTIAL), and nothing else tells a program that it is.
 */
static __always_inline bool reset_cut(struct __sk_buff *skb, struct packet *p,
				      struct reset_origin *origin)
{
	__u32 header = p->l4_off;

	origin->is_partial = bpf_skb_change_tail(skb, header + RESET_SUM_OFF, 0);
	p->length = header - ETH_HLEN + sizeof(struct tcphdr);
	return !bpf_skb_change_tail(skb, header + sizeof(struct tcphdr), 0);
}

static __always_inline __u16 reset_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static __always_inline bool reset_write_v4(struct __sk_buff *skb, struct packet *p, bool is_back)
{
	struct iphdr ip __attribute__((aligned(8)));
	__be32 source;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) < 0)
		return false;
	source = is_back ? packet_dst(p)->word[3] : packet_src(p)->word[3];
	ip.daddr = is_back ? packet_src(p)->word[3] : packet_dst(p)->word[3];
	ip.saddr = source;
	ip.tot_len = bpf_htons(sizeof(ip) + sizeof(struct tcphdr));
	ip.ttl = RESET_HOPS;
	ip.check = 0;
	ip.check = ~reset_fold(bpf_csum_diff(NULL, 0, (__be32 *)&ip, sizeof(ip), 0));
	return !bpf_skb_store_bytes(skb, ETH_HLEN, &ip, sizeof(ip), 0);
}

static __always_inline bool reset_write_v6(struct __sk_buff *skb, struct packet *p, bool is_back)
{
	struct ipv6hdr ip __attribute__((aligned(8)));

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) < 0)
		return false;
	__builtin_memcpy(&ip.saddr, is_back ? packet_dst(p) : packet_src(p), sizeof(ip.saddr));
	__builtin_memcpy(&ip.daddr, is_back ? packet_src(p) : packet_dst(p), sizeof(ip.daddr));
	ip.payload_len = bpf_htons(sizeof(struct tcphdr));
	ip.hop_limit = RESET_HOPS;
	return !bpf_skb_store_bytes(skb, ETH_HLEN, &ip, sizeof(ip), 0);
}

/* RFC 9293 3.10.7.1: a reset takes its number from the acknowledgement, or acknowledges itself. */
static __always_inline void reset_numbers(struct tcphdr *tcp, const struct reset_origin *origin,
					  bool is_back)
{
	tcp->source = is_back ? origin->dest : origin->source;
	tcp->dest = is_back ? origin->source : origin->dest;
	if (!is_back) {
		tcp->seq = origin->seq;
		tcp->ack_seq = origin->is_acking ? origin->ack : 0;
		tcp->ack = origin->is_acking;
		return;
	}
	if (origin->is_acking) {
		tcp->seq = origin->ack;
		return;
	}
	tcp->ack_seq = bpf_htonl(bpf_ntohl(origin->seq) + origin->size);
	tcp->ack = 1;
}

/* Makes the packet, which was cut, the reset of one direction. */
static __always_inline bool reset_write(struct __sk_buff *skb, struct packet *p,
					const struct reset_origin *origin, bool is_back)
{
	struct tcphdr tcp __attribute__((aligned(8))) = { .doff = sizeof(tcp) / 4, .rst = 1 };
	struct ethhdr eth = origin->eth;
	__u32 sum;

	if (is_back) {
		__builtin_memcpy(eth.h_dest, origin->eth.h_source, sizeof(eth.h_dest));
		__builtin_memcpy(eth.h_source, origin->eth.h_dest, sizeof(eth.h_source));
	}
	reset_numbers(&tcp, origin, is_back);
	/* What marks an address as IPv4 adds 0xffff, which is nothing to this sum (RFC 1071). */
	sum = bpf_csum_diff(NULL, 0, (__be32 *)&p->key, 2 * sizeof(struct cara_addr),
			    bpf_htonl(IPPROTO_TCP + sizeof(tcp)));
	if (origin->is_partial)
		tcp.check = reset_fold(sum);
	else
		tcp.check = ~reset_fold(bpf_csum_diff(NULL, 0, (__be32 *)&tcp, sizeof(tcp), sum));
	if (bpf_skb_store_bytes(skb, 0, &eth, sizeof(eth), 0) < 0 ||
	    bpf_skb_store_bytes(skb, p->l4_off, &tcp, sizeof(tcp), 0) < 0)
		return false;
	return packet_is_v4(p) ? reset_write_v4(skb, p, is_back) : reset_write_v6(skb, p, is_back);
}

/*
 * Sends a reset back to where the packet came from, and makes the packet the one for its receiver: 0,
 * and the packet goes on its way, or -1, and it must be dropped as any other.
 */
__noinline int reset(struct __sk_buff *skb, struct packet *p, __u32 hook)
{
	struct reset_origin origin = {};

	if (!p || !reset_is_plain(p) || !reset_read(skb, p, &origin) || !reset_cut(skb, p, &origin))
		return -1;
	skb->mark = CARA_MARK_RESET;
	if (!reset_write(skb, p, &origin, true))
		return -1;
	/* A frame that is about to leave came from the node's stack: there the answer goes. */
	bpf_clone_redirect(skb, skb->ifindex, hook == RESET_LEAVING ? BPF_F_INGRESS : 0);
	return reset_write(skb, p, &origin, false) ? 0 : -1;
}
