/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Swift needs of the kernel's and libc's headers that the Glibc module leaves out. Functions
 * hidden behind _GNU_SOURCE are reached by their system call; macros that Swift cannot import
 * become static inline functions. Constants come from the headers themselves.
 */
#pragma once

/* Before the kernel's own: <linux/libc-compat.h> then leaves libc's definitions alone. */
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/magic.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/veth.h>
#include <malloc.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

/* Moves the calling thread into the namespace behind `fd`. */
static inline int linux_setns(int fd, int type)
{
	return (int)syscall(SYS_setns, fd, type);
}

/* Gives the calling thread namespaces of its own. */
static inline int linux_unshare(int flags)
{
	return (int)syscall(SYS_unshare, flags);
}

/* Keeps the calling thread on one of the first 64 processors. */
static inline int linux_pin(unsigned int cpu)
{
	unsigned long mask = 1ul << cpu;

	return (int)syscall(SYS_sched_setaffinity, 0, sizeof(mask), &mask);
}

/* The CLONE_NEW... flag of the namespace behind `fd`; fails on any other file. */
static inline int linux_namespace_type(int fd)
{
	return ioctl(fd, NS_GET_NSTYPE);
}

static inline int linux_pipe(int ends[2])
{
	return (int)syscall(SYS_pipe2, ends, O_CLOEXEC);
}

static inline pid_t linux_gettid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/* struct ucred of <sys/socket.h>, which only _GNU_SOURCE shows. */
struct linux_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

/* Who connected to the local socket `fd`. */
static inline int linux_peer_credentials(int fd, struct linux_peer *peer)
{
	socklen_t length = sizeof(*peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &length);
}

/* Attribute types carry flags in their two high bits. */
static inline uint16_t linux_nla_type(uint16_t type)
{
	return type & NLA_TYPE_MASK;
}

/* Netlink aligns messages and attributes to four bytes. */
static inline int linux_netlink_align(int length)
{
	return NLMSG_ALIGN(length);
}

static inline int linux_eventfd(unsigned int value)
{
	return eventfd(value, EFD_CLOEXEC);
}

/* The value of TCP_MD5SIG (RFC 2385) for segments to and from one peer; an empty key ends it. */
static inline int linux_md5(struct tcp_md5sig *signature, const struct sockaddr *peer,
			    socklen_t length, const uint8_t *key, size_t key_length)
{
	memset(signature, 0, sizeof(*signature));
	if (length > sizeof(signature->tcpm_addr) || key_length > TCP_MD5SIG_MAXKEYLEN)
		return -1;
	signature->tcpm_keylen = key_length;
	memcpy(&signature->tcpm_addr, peer, length);
	memcpy(signature->tcpm_key, key, key_length);
	return 0;
}

/* A datagram with the TTL or hop limit it came with, -1 when the kernel did not say. */
static inline ssize_t linux_receive_with_ttl(int fd, void *bytes, size_t size,
					     struct sockaddr_storage *from, int *ttl)
{
	char control[64];
	struct iovec vector = { .iov_base = bytes, .iov_len = size };
	struct msghdr message = {
		.msg_name = from,
		.msg_namelen = sizeof(*from),
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT);

	*ttl = -1;
	if (count < 0)
		return count;
	for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item;
	     item = CMSG_NXTHDR(&message, item)) {
		if ((item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_TTL) ||
		    (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_HOPLIMIT))
			memcpy(ttl, CMSG_DATA(item), sizeof(*ttl));
	}
	return count;
}

/* The 4 or 16 bytes of a socket's address and the interface that it names; 0 for other families. */
static inline int linux_socket_address(const struct sockaddr *from, uint8_t bytes[16],
				       uint32_t *scope)
{
	*scope = 0;
	if (from->sa_family == AF_INET) {
		memcpy(bytes, &((const struct sockaddr_in *)from)->sin_addr, 4);
		return 4;
	}
	if (from->sa_family != AF_INET6)
		return 0;
	memcpy(bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
	*scope = ((const struct sockaddr_in6 *)from)->sin6_scope_id;
	return 16;
}

static inline struct sockaddr_in linux_ipv4(const uint8_t *bytes, uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

	memcpy(&address.sin_addr, bytes, 4);
	return address;
}

static inline struct sockaddr_in6 linux_ipv6(const uint8_t *bytes, uint16_t port, uint32_t scope)
{
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_scope_id = scope,
	};

	memcpy(&address.sin6_addr, bytes, 16);
	return address;
}
