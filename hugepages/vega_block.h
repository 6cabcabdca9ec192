/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BLOCK_H
#define VEGA_BLOCK_H
/*
 * The 256-byte header of a data block: one extent of a journal, and one block of a frame lane.
 *
 *	0                 256                                  stored_bytes, a multiple of 4096
 *	+-----------------+------------------------------------+---------+
 *	| header block    | payload: Enhanced Packet Blocks    | padding |
 *	+-----------------+------------------------------------+---------+
 *
 * Header and padding are pcapng blocks of local-use types, so any pcapng reader passes over them. The rx
 * lcore fills its part when it seals the block (marked rx), the drain the rest when it writes it (marked
 * drain). All fields are little-endian; reserved bytes are zero and checked. Of a block of records the drain fills it all.
 *
 * This header is installed: plain C, and C++.
 */
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Local-use block types of VEGA in a pcapng file, numbered once, here (docs/JOURNAL-FORMAT.md). */
#define VEGA_BLOCK_HEAD     0xD6454701u /* file head: identity, schema, state */
#define VEGA_BLOCK_DATA     0xD6454702u /* header of a data block (this struct) */
#define VEGA_BLOCK_PADDING  0xD6454703u /* zeros up to the next 4096 */
#define VEGA_BLOCK_CLOCK    0xD6454704u /* raw ticks beside CLOCK_REALTIME and CLOCK_TAI */
#define VEGA_BLOCK_INDEX    0xD6454705u /* a piece of the index */
#define VEGA_BLOCK_TRAILER  0xD6454706u /* ends a sealed file */
#define VEGA_BLOCK_HOLE     0xD6454707u /* laid by recover over a torn extent */
#define VEGA_BLOCK_RECORDS  0xD6454708u /* the payload of a block of records */
#define VEGA_BLOCK_KEYFRAME 0xD6454709u /* the payload of a slice of a keyframe */

#define VEGA_BLOCK_HDR_BYTES   256u
#define VEGA_BLOCK_ALIGN_BYTES 4096u
#define VEGA_BLOCK_BYTES_MAX   (8u << 20) /* no block of a journal exceeds this */

/* Why rx sealed a block. */
enum vega_seal {
	VEGA_SEAL_FULL = 1,
	VEGA_SEAL_AGE = 2,      /* 100 ms after the block's first packet */
	VEGA_SEAL_DAY = 3,      /* the trading day rolls */
	VEGA_SEAL_CLOCK = 4,    /* a live clock stepped backward: the next block opens a new file */
	VEGA_SEAL_LINKTYPE = 5, /* the next packet's link type opens a new file */
	VEGA_SEAL_STOP = 6
};

enum vega_block_kind {
	VEGA_KIND_FRAMES = 1,
	VEGA_KIND_RECORDS = 2,
	VEGA_KIND_KEYFRAME = 3,
	VEGA_KIND_BOOK = 4 /* records of a book lane */
};

struct vega_block_hdr {
	uint32_t block_type;     /*   0 rx: VEGA_BLOCK_DATA */
	uint32_t block_length;   /*   4 rx: 256 */
	uint8_t file_id[16];     /*   8 drain: of the file it lies in */
	uint64_t block_number;   /*  24 drain: in this file, from 0 */
	uint64_t file_offset;    /*  32 drain: where this header lies in the file */
	uint32_t payload_bytes;  /*  40 rx: after the header, padding not counted */
	uint32_t stored_bytes;   /*  44 drain: header, payload and padding */
	uint16_t codec;          /*  48 rx: 0 plain; 2 columns, of records */
	uint16_t kind;           /*  50 rx: enum vega_block_kind */
	uint32_t linktype;       /*  52 rx: of every frame in it */
	uint32_t packet_cnt;     /*  56 rx */
	uint32_t record_cnt;     /*  60 rx: 0 in a block of frames */
	uint64_t frame_first;    /*  64 rx: frame number of the first packet */
	uint64_t generation;     /*  72 rx */
	uint64_t position_first; /*  80 rx: first record position, 0 in a block of frames */
	uint64_t recv_ns_first;  /*  88 rx: of the first packet */
	uint64_t recv_ns_last;   /*  96 rx: of the last packet */
	uint64_t recv_ns_min;    /* 104 rx */
	uint64_t recv_ns_max;    /* 112 rx */
	uint64_t exch_ns_min;    /* 120 rx: 0 where unknown */
	uint64_t exch_ns_max;    /* 128 rx: 0 where unknown */
	uint64_t lost_lane_full; /* 136 rx: frames since the block before, no free block */
	uint64_t lost_oversize; /* 144 rx: frames since the block before, above the largest frame */
	uint64_t lost_port_missed; /* 152 rx: imissed and ierrors since the block before */
	uint64_t lost_port_nombuf; /* 160 rx: the port's rx_nombuf since the block before */
	uint64_t lost_disk;        /* 168 drain: frames since the block before, storage failed */
	uint32_t day;              /* 176 rx: trading day, YYYYMMDD */
	uint32_t seal;             /* 180 rx: enum vega_seal */
	uint32_t kinds;            /* 184 drain: kinds of its records, a bit each */
	uint8_t reserved[52];      /* 188 zero */
	uint32_t payload_crc32c;   /* 240 drain: of everything after the header, padding included */
	uint32_t header_crc32c;    /* 244 drain: of this header with this field zero */
	uint32_t reserved2;        /* 248 zero */
	uint32_t block_length2;    /* 252 rx: 256 */
};

/*
 * The payload of a block of records is one pcapng block: this header, the records as the codec has them, zeros up to a multiple of
 * 4, and block_length again.
 */
struct vega_records_hdr {
	uint32_t block_type;   /*  0 VEGA_BLOCK_RECORDS */
	uint32_t block_length; /*  4 of all the payload */
	uint64_t epoch_ns;     /*  8 in force at the first record */
	uint32_t record_cnt;   /* 16 as the block's header */
	uint32_t kinds;        /* 20 as the block's header */
	uint32_t data_bytes;   /* 24 behind this header */
	uint32_t record_bytes; /* 28 32 */
};

/*
 * The payload of a slice of a keyframe, in a file of records, in the same way: this header, the data, zeros, and block_length again. Which
 * entries they are follows from slice and entry_total: 256 to a slice.
 */
struct vega_keyframe_hdr {
	uint32_t block_type;      /*  0 VEGA_BLOCK_KEYFRAME */
	uint32_t block_length;    /*  4 of all the payload */
	uint64_t epoch_ns;        /*  8 in force at its position */
	uint64_t number;          /* 16 of the keyframe in its lane, rising */
	uint64_t position;        /* 24 of its lane: what is before it is in the entries */
	uint64_t record_position; /* 32 of the feed's record lane, likewise */
	uint64_t recv_ns;         /* 40 of the last packet before it */
	uint32_t entry_total;     /* 48 of the keyframe */
	uint32_t slice;           /* 52 which of its slices, from 0 */
	uint32_t plain_bytes;     /* 56 of the data, before zstd */
	uint32_t data_bytes;      /* 60 behind this header */
};

/*
 * A clock block, laid between packets by rx at start, every second and at every jump: 64 bytes.
 * Times can be re-derived from it: ns = realtime_ns + (ticks - block.ticks) * 1e9 / ticks_hz.
 */
#define VEGA_CLOCK_JUMP  0x1u /* CLOCK_REALTIME stepped since the block before */
#define VEGA_CLOCK_NIC   0x2u /* ticks are a port's clock, else the TSC */
#define VEGA_CLOCK_START 0x4u /* first of the capture */

struct vega_clock_block {
	uint32_t block_type;    /*  0 VEGA_BLOCK_CLOCK */
	uint32_t block_length;  /*  4 64 */
	uint64_t ticks;         /*  8 */
	uint64_t ticks_hz;      /* 16 */
	uint64_t realtime_ns;   /* 24 CLOCK_REALTIME at ticks */
	int64_t tai_offset_ns;  /* 32 CLOCK_TAI - CLOCK_REALTIME */
	uint64_t window_ticks;  /* 40 how long the sample took: its uncertainty */
	uint32_t flags;         /* 48 */
	uint32_t interface_id;  /* 52 the port of a NIC clock, 0 for the TSC */
	uint32_t reserved;      /* 56 zero */
	uint32_t block_length2; /* 60 64 */
};

#ifdef __cplusplus
}
#endif
#endif
