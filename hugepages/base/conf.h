/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BASE_CONF_H
#define VEGA_BASE_CONF_H
/*
 * The configuration of a capture: one YAML file, one schema, every number parsed whole with its unit.
 *
 * The schema table in conf_schema.c also prints `docs/examples/vega.yaml` and the key list of the man page vega.yaml(5).
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "hugepages/base/attr.h"
#include "hugepages/vega_layout.h"

#define VEGA_CONF_CHANNEL_CNT_MAX 256u
#define VEGA_CONF_QUEUE_CNT_MAX   16u /* of one port */
#define VEGA_CONF_REWRITE_CNT_MAX 256u
#define VEGA_CONF_ANY             UINT32_MAX

enum vega_idle {
	VEGA_IDLE_AUTO,
	VEGA_IDLE_SPIN,
	VEGA_IDLE_ADAPTIVE
};

/* One stream of packets that a feed claims. */
struct vega_conf_channel {
	uint32_t vlan;     /* outer VLAN id 1..4094, 0: untagged only, VEGA_CONF_ANY */
	uint8_t family;    /* 4, 6, or 0: any destination */
	uint8_t group[16]; /* destination address, network order; 4 bytes used for IPv4 */
	/* Destination port, or VEGA_CONF_ANY: then fragments and non-UDP match too. */
	uint32_t udp_port;
	char line;         /* 'A' or 'B' */
	uint32_t port_idx; /* into ports, or VEGA_CONF_ANY: whichever the feed's lcore polls */
	char format[24];   /* wire format; "raw": not decoded */
	uint32_t stream;   /* 0..65535, or VEGA_CONF_ANY: follows from its place */
	char *text;        /* "vlan 10 239.1.1.1:17741 line A on nse_a", for messages */
};

struct vega_conf_feed {
	char name[VEGA_NAME_BYTES];
	char zone[48];
	uint32_t day_start_s;
	uint64_t record_lane_bytes; /* 0: frames only */
	uint64_t book_lane_bytes;   /* 0: none of its formats has orders, or it has no state */
	uint64_t instrument_cnt;    /* of its state table; 0: none */
	uint64_t order_cnt;         /* that its books hold at most */
	uint64_t frame_lane_bytes;  /* 2^k blocks of 1 MiB */
	uint32_t price_scale;       /* VEGA_CONF_ANY: as the format has it */
	uint64_t hold_ns;           /* of a gap */
	uint32_t lcore_idx;         /* into lcores; VEGA_CONF_ANY: follows from its channels */
	uint32_t channel_cnt;
	struct vega_conf_channel *channels;
};

struct vega_conf_port {
	char name[VEGA_NAME_BYTES];
	char *device; /* PCI address or vdev with arguments */
	uint32_t queue_cnt;
	uint32_t rx_desc_cnt;
	uint32_t mtu;      /* 0: as the port has it */
	uint32_t mbuf_cnt; /* of its pool; 0: derived */
	bool promiscuous;
};

/* One rx lcore: a processor and the (port, queue) pairs it polls. */
struct vega_conf_poll {
	uint32_t port_idx;
	uint32_t queue; /* VEGA_CONF_ANY: every queue of the port */
};
struct vega_conf_lcore {
	uint32_t cpu;
	uint32_t numa; /* the node its memory must come from, VEGA_CONF_ANY: the cpu's own */
	uint32_t poll_cnt;
	struct vega_conf_poll *polls;
};

/* Other addresses for the packets of a replay; of several that fit, the first counts. */
struct vega_conf_rewrite {
	uint32_t from_vlan; /* as of a channel: which packets */
	uint8_t from_family;
	uint8_t from_group[16];
	uint32_t from_port;
	uint8_t to_family; /* 0: the destination address stays */
	uint8_t to_group[16];
	uint32_t to_port;      /* VEGA_CONF_ANY: stays */
	uint32_t to_vlan;      /* 0: no tag, VEGA_CONF_ANY: stays */
	uint8_t source_family; /* 0: the source address stays */
	uint8_t source[16];
	uint8_t to_mac[6];
	uint8_t source_mac[6];
	bool has_to_mac; /* without it, it follows from to_group where that is multicast */
	bool has_source_mac;
};

struct vega_conf {
	char *path; /* of the file, for messages; "" for built-in defaults */
	char region[VEGA_NAME_BYTES];
	uint32_t memory;     /* 0 auto, enum vega_memory */
	uint64_t page_bytes; /* 2 MiB or 1 GiB, 0: the system's default */
	char *journal_dir;   /* NULL: none given here */
	uint64_t file_bytes_max;
	uint64_t file_age_ns_max; /* 0: none */
	uint64_t sync_interval_ns;
	uint64_t keyframe_interval_ns; /* 0: by time none */
	uint32_t keyframe_record_cnt;  /* 0: by records none */
	enum vega_idle idle;
	uint32_t drain_cpu;                /* VEGA_CONF_ANY: any */
	uint64_t default_frame_lane_bytes; /* of `default` */
	uint32_t port_cnt;
	struct vega_conf_port *ports;
	uint32_t lcore_cnt; /* 0: one lcore polls everything */
	struct vega_conf_lcore *lcores;
	uint32_t feed_cnt;
	struct vega_conf_feed *feeds; /* `default` is not among them unless configured */
	uint32_t rewrite_cnt;
	struct vega_conf_rewrite *rewrites;
};

/*
 * Load and check a file (syntax, units, ranges, names; what needs the machine is the plan's business).
 *
 * Returns 0; -ENOENT (66), or -EINVAL (78) with one line naming file, key, value found, what is wanted.
 */
int vega_conf_load(const char *path, struct vega_conf **ret_conf) VEGA_MUST_CHECK;

/* The built-in configuration: one feed `default`, frames only, no ports. Returns 0 or -ENOMEM. */
int vega_conf_default(struct vega_conf **ret_conf) VEGA_MUST_CHECK;
void vega_conf_delete(struct vega_conf *conf);

/*
 * Add a port, as `--port DEVARGS` says it: one queue, the defaults of the schema. Its name is what stands before the
 * first comma, what a name may not hold turned to '_' ("0000_03_00.0", "net_af_packet0").
 *
 * Returns 0; -EINVAL (64) for an empty, doubled or one too many; -ENOMEM.
 */
int vega_conf_add_port(struct vega_conf *conf, const char *devargs) VEGA_MUST_CHECK;

/*
 * Print the schema: the sample file (docs/examples/vega.yaml), or the keys with unit, default and meaning, as man page
 * source. Returns 0 or -EIO.
 */
int vega_conf_print_sample(FILE *out) VEGA_MUST_CHECK;
int vega_conf_print_keys(FILE *out) VEGA_MUST_CHECK;

/* Name rules: 1 to 31 of [A-Za-z0-9_.-], not starting with '.' or '-'. */
bool vega_name_ok(const char *name);

#endif
