/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbpf, and what libbpf 1.1 and the kernel headers of 6.1 do not have yet: TCX (Linux 6.6). The
 * numbers of TCX are repeated here because no installed header holds them.
 */
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum shim_tcx {
	SHIM_TCX_INGRESS = 46, /* BPF_TCX_INGRESS */
	SHIM_TCX_EGRESS = 47, /* BPF_TCX_EGRESS */
	SHIM_BEFORE = 1 << 3, /* BPF_F_BEFORE */
	SHIM_LINK_TYPE_TCX = 11, /* BPF_LINK_TYPE_TCX */
};

/*
 * A link of `prog_fd` to a hook of an interface, BPF_XDP or one of enum shim_tcx; a descriptor, or a
 * negative error number.
 */
static inline int shim_attach(int prog_fd, unsigned int ifindex, unsigned int hook,
			      unsigned int flags)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (__u32)prog_fd;
	attr.link_create.target_ifindex = ifindex;
	attr.link_create.attach_type = hook;
	attr.link_create.flags = flags;
	fd = syscall(__NR_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return fd < 0 ? -errno : (int)fd;
}

struct shim_link {
	__u32 type;
	__u32 program;
	__u32 ifindex; /* 0: the interface is gone */
	__u32 hook;
};

/* What the kernel says of a link; the union's tcx member begins where every member does. */
static inline int shim_link_info(int fd, struct shim_link *link)
{
	struct bpf_link_info info;
	__u32 size = sizeof(info);
	int result;

	memset(&info, 0, sizeof(info));
	result = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (result < 0)
		return result;
	link->type = info.type;
	link->program = info.prog_id;
	memcpy(&link->ifindex, &info.xdp, sizeof(link->ifindex));
	memcpy(&link->hook, (const char *)&info.xdp + sizeof(link->ifindex), sizeof(link->hook));
	return 0;
}

/* A link that runs an iterator over a map's entries; a descriptor, or a negative error number. */
static inline int shim_iterate_map(int prog_fd, int map_fd)
{
	union bpf_iter_link_info info;
	LIBBPF_OPTS(bpf_link_create_opts, options, .iter_info = &info,
		    .iter_info_len = sizeof(info));

	memset(&info, 0, sizeof(info));
	info.map.map_fd = (__u32)map_fd;
	return bpf_link_create(prog_fd, 0, BPF_TRACE_ITER, &options);
}

/* How the program that hangs at XDP runs, XDP_ATTACHED_*; or a negative error number. */
static inline int shim_xdp_mode(unsigned int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, options);
	int result = bpf_xdp_query((int)ifindex, 0, &options);

	return result < 0 ? result : options.attach_mode;
}

/* Numbers of XDP that are C expressions or of several enums, for Swift. */
enum shim_xdp {
	SHIM_XDP = BPF_XDP,
	SHIM_XDP_NATIVE = XDP_FLAGS_DRV_MODE,
	SHIM_XDP_GENERIC = XDP_FLAGS_SKB_MODE,
	SHIM_LINK_TYPE_XDP = BPF_LINK_TYPE_XDP,
};

/* The smallest tc program, for probing: return TC_ACT_OK. */
static inline int shim_load_empty(void)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "probe", "Dual BSD/GPL", code, 2, NULL);
}
