/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_LAYOUT_H
#define VEGA_LAYOUT_H
/*
 * The region of one capture, as clients map it: the control file and the lanes file.
 *
 * control (tmpfs; the capture writes, clients map it read-only):
 *
 *	0x00000  vega_control         identity, state, heartbeat, counts          4096
 *	0x01000  vega_feed_entry[64]  directory of feeds                       64 * 256
 *	0x05000  vega_lane_entry[256] directory of lanes                      256 * 128
 *	0x0D000  vega_rx_cells[64]    by feed, written by its rx lcore         64 * 512
 *	0x15000  vega_drain_cells[64] by feed, written by the drain            64 * 512
 *	0x1D000  vega_lcore_cells[32] by rx lcore, written by it               32 * 256
 *	0x1F000  vega_port_cells[32]  by port, written by the control thread   32 * 256
 *	0x21000  vega_channel_cells[256] by sequence, written by its feed's rx lcore 256 * 1024
 *	0x61000  end
 *
 * lanes (hugetlbfs or /dev/shm): record lanes, book lanes, frame lanes, state tables, each at a multiple of
 * 2 MiB.
 *
 * Every word that changes after the start is a uint64_t with one writer; readers load it atomically. This
 * header is installed: plain C, and C++.
 */
#include <stdint.h>

#include "hugepages/vega_counters.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VEGA_FEED_CNT_MAX       64u
#define VEGA_LANE_CNT_MAX       256u
#define VEGA_LCORE_CNT_MAX      32u
#define VEGA_INSTRUMENT_CNT_MAX 1000000u /* of a state table */
#define VEGA_PORT_CNT_MAX       32u
#define VEGA_CHANNEL_ROW_CNT    256u /* sequences (channels of the exchange) of a region */
#define VEGA_IF_CNT_MAX         16u  /* interfaces (port queues or files) a frame lane may carry */
#define VEGA_NAME_BYTES         32u  /* a region's, feed's or interface's name, its NUL counted */

#define VEGA_LANE_ALIGN_BYTES  (2u << 20)
#define VEGA_FRAME_BLOCK_BYTES (1u << 20)
#define VEGA_FRAME_BYTES_MAX   262144u
#define VEGA_LANE_HDR_BYTES    4096u /* of a frame lane, before its first block */

#define VEGA_CONTROL_MAGIC   0x313054434147455Aull
#define VEGA_CONTROL_VERSION 3u

enum vega_state {
	VEGA_STATE_LIVE = 1,
	VEGA_STATE_STOPPED = 2,
	VEGA_STATE_SUPERSEDED = 3
};
enum vega_memory {
	VEGA_MEMORY_HUGE = 1,
	VEGA_MEMORY_SHM = 2
};
enum vega_lane_kind {
	VEGA_LANE_RECORDS = 1,
	VEGA_LANE_BOOK = 2, /* records too: what the state poll makes of orders */
	VEGA_LANE_FRAMES = 3,
	VEGA_LANE_STATE = 4 /* vega_state.h */
};

struct vega_control {
	uint64_t magic;          /*   0 written last */
	uint32_t version;        /*   8 */
	uint32_t control_bytes;  /*  12 of the whole file */
	uint64_t generation;     /*  16 start time in ns since the epoch: always rising */
	uint64_t state;          /*  24 enum vega_state */
	uint64_t flags;          /*  32 VEGA_REGION_* */
	uint64_t heartbeat_ns;   /*  40 CLOCK_REALTIME, every 100 ms */
	uint64_t pid;            /*  48 of the capture */
	uint64_t lanes_bytes;    /*  56 */
	uint64_t page_bytes;     /*  64 of the lanes file */
	uint32_t memory;         /*  72 enum vega_memory */
	uint32_t feed_cnt;       /*  76 */
	uint32_t lane_cnt;       /*  80 */
	uint32_t lcore_cnt;      /*  84 rx lcores */
	uint32_t port_cnt;       /*  88 ports or files in use */
	uint32_t reserved;       /*  92 zero */
	char name[32];           /*  96 of the region */
	char journal[256];       /* 128 the journal folder, "" when none */
	char lanes_path[256];    /* 384 of the lanes file */
	char io[32];             /* 640 how the journal is written: "io_uring+O_DIRECT", "pwrite" */
	uint8_t reserved2[3424]; /* 672 zero */
};
#define VEGA_REGION_REPLAYED 0x1u

struct vega_feed_entry {
	char name[32];          /*   0 */
	char zone[48];          /*  32 IANA name of the trading day's zone */
	uint32_t feed_id;       /*  80 index of this entry */
	uint32_t day_start_s;   /*  84 seconds after midnight in the zone */
	uint32_t record_lane;   /*  88 index of its lane entry, UINT32_MAX: frames only */
	uint32_t frame_lane;    /*  92 index of its lane entry */
	uint32_t lcore;         /*  96 the rx lcore that writes its lanes */
	uint32_t price_scale;   /* 100 decimal digits, 0 unknown */
	uint32_t channel_first; /* 104 its rows of vega_channel_cells */
	uint32_t channel_cnt;   /* 108 */
	uint32_t book_lane;     /* 112 index of its lane entry, UINT32_MAX: none */
	uint32_t state_lane;    /* 116 index of its lane entry, UINT32_MAX: none */
	uint8_t reserved[136];  /* 120 zero */
};

struct vega_lane_entry {
	uint64_t lane_off;    /*  0 in the lanes file, a multiple of 2 MiB */
	uint64_t lane_bytes;  /*  8 */
	uint64_t unit_cnt;    /* 16 records, blocks or instruments it holds */
	uint32_t unit_bytes;  /* 24 of one of them */
	uint32_t kind;        /* 28 enum vega_lane_kind */
	uint32_t feed_id;     /* 32 */
	uint32_t schema;      /* 36 */
	uint8_t reserved[88]; /* 40 zero */
};

#define VEGA_CONTROL_FEEDS_OFF    0x01000u
#define VEGA_CONTROL_LANES_OFF    0x05000u
#define VEGA_CONTROL_RX_OFF       0x0D000u
#define VEGA_CONTROL_DRAIN_OFF    0x15000u
#define VEGA_CONTROL_LCORES_OFF   0x1D000u
#define VEGA_CONTROL_PORTS_OFF    0x1F000u
#define VEGA_CONTROL_CHANNELS_OFF 0x21000u
#define VEGA_CONTROL_BYTES        0x61000u

/* First 4096 bytes of a frame lane; rx and drain each own one 128-byte guarded line. Protocol: hugepages/frame.h */
#define VEGA_FRAME_LANE_MAGIC 0x31304d415246475Aull
struct vega_frame_lane {
	uint64_t magic;       /*    0 */
	uint32_t version;     /*    8 */
	uint32_t block_bytes; /*   12 1 MiB */
	uint64_t block_cnt;   /*   16 a power of two */
	uint64_t generation;  /*   24 */
	uint32_t feed_id;     /*   32 */
	uint32_t if_cnt;      /*   36 */
	uint8_t pad0[88];     /*   40 */
	uint64_t sealed;      /*  128 blocks sealed since the generation began; written by rx */
	/* At stop: frames lost that no block header tells, for none was left to be sealed; written by rx. */
	uint64_t end_lane_full;   /*  136 */
	uint64_t end_oversize;    /*  144 */
	uint64_t end_port_missed; /*  152 */
	uint64_t end_port_nombuf; /*  160 */
	uint8_t pad1[88];         /*  168 */
	uint64_t released;        /*  256 blocks free again; written by the drain */
	uint8_t pad2[120];        /*  264 */
	char if_name[16][32];     /*  384 interface 0.. of its packets */
	uint8_t pad3[3200];       /*  896 */
};

/* First 64 bytes of a record lane; records of unit_bytes follow from offset 64, the tail is its last 64 bytes. */
#define VEGA_RECORD_LANE_MAGIC 0x31304c4345525a45ull
struct vega_record_lane {
	uint64_t magic;        /*  0 */
	uint32_t version;      /*  8 */
	uint32_t feed_type;    /* 12 0 */
	uint32_t record_bytes; /* 16 32 */
	uint32_t symbol_id;    /* 20 0: many */
	uint32_t feed_id;      /* 24 */
	uint32_t schema;       /* 28 0: the VEGA record */
	uint64_t capacity;     /* 32 records */
	uint64_t generation;   /* 40 */
	uint8_t reserved[16];  /* 48 zero */
};

/* Last 64 bytes of a record lane. */
struct vega_record_tail {
	uint64_t epoch_ns;    /*  0 */
	uint64_t epoch_from;  /*  8 first position of this epoch */
	uint8_t reserved[32]; /* 16 zero */
	uint64_t claim;       /* 48 */
	uint64_t publish;     /* 56 */
};

/*
 * The file `clients`: what readers say of themselves, for `vega-bus stat`; the capture makes it and never looks at it. An entry counts
 * while its bytes are locked (fcntl, F_OFD_SETLK) by the reader, whose end unlocks them. Read and written by pread and pwrite, never
 * mapped: anybody of the group may cut it.
 */
#define VEGA_CLIENT_CNT_MAX 256u
struct vega_client_entry {
	uint64_t pid;         /*  0 */
	uint64_t start_ns;    /*  8 when the cursor was opened */
	uint64_t generation;  /* 16 */
	uint64_t position;    /* 24 */
	uint64_t lost;        /* 32 records lost by being lapped */
	uint64_t beat_ns;     /* 40 when it said so, CLOCK_REALTIME */
	uint32_t feed_id;     /* 48 */
	uint32_t lane_kind;   /* 52 enum vega_lane_kind */
	char name[32];        /* 56 */
	uint8_t reserved[40]; /* 88 zero */
};

#ifdef __cplusplus
}
#endif
#endif
