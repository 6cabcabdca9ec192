/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_STORE_FORMAT_H
#define VEGA_STORE_FORMAT_H
/*
 * The journal file, byte by byte: a valid pcapng file in extents of 4096 bytes. All fields little-endian.
 *
 *	0      64 per interface      2048                   3584        4096
 *	+-----+-----+-- ... --+-----+----------------------+-----------+
 *	| SHB | IDB |   IDB   | pad | VEGA head: identity  | state     |  head, 4096 bytes
 *	+-----+-----+-- ... --+-----+----------------------+-----------+
 *	| data block: header 256 | EPB ... | padding                   |  each starts at a multiple of 4096
 *	| ...                                                          |
 *	| index block: 64 | entries of 128 ... (a chain, each <= 8 MiB)|  when sealed; starts at a multiple of 4096
 *	| padding                               | ISB 88 | trailer 256 |  ends the file on a multiple of 4096
 *	+--------------------------------------------------------------+
 *
 * Everything but the state sector is written once. The trailer decides whether a file is sealed; the state sector,
 * rewritten after the trailer is durable, is a hint that saves a read. Reserved bytes are zero and checked.
 *
 * While a file is being written, `NAME.idx` lies beside it: one vega_idx_head, then one vega_index_entry a block,
 * appended after the block's write is complete. Derived data: losing it costs a scan, never a frame.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "hugepages/vega_block.h"
#include "hugepages/vega_layout.h"

#define VEGA_FORMAT_VERSION 1u
#define VEGA_HEAD_MAGIC     0x31304441454847ull /* in vega_head */

#define VEGA_HEAD_BYTES        4096u /* the head extent */
#define VEGA_HEAD_OFF          2048u /* the VEGA head block in it */
#define VEGA_STATE_OFF         3584u /* the state sector in it */
#define VEGA_SHB_BYTES         64u
#define VEGA_IDB_BYTES         64u
#define VEGA_ISB_BYTES         88u
#define VEGA_INDEX_HDR_BYTES   64u
#define VEGA_INDEX_ENTRY_BYTES 128u
#define VEGA_TRAILER_BYTES     256u
#define VEGA_INDEX_ENTRIES_MAX \
	((VEGA_BLOCK_BYTES_MAX - VEGA_INDEX_HDR_BYTES - 8u) / VEGA_INDEX_ENTRY_BYTES)
#define VEGA_FILE_BLOCKS_MAX \
	(1u << 20) /* data blocks of a file: bounds its index; the writer rotates before */
#define VEGA_IDX_SUFFIX    ".idx" /* after the whole file name: frames-0000.pcapng.idx */
#define VEGA_PAD_BYTES_MIN 12u    /* the smallest pcapng block */

/* Section Header Block, 64 bytes: 24 fixed, shb_userappl of 28, end of options. */
struct vega_shb {
	uint32_t block_type;     /*  0 0x0A0D0D0A */
	uint32_t block_length;   /*  4 64 */
	uint32_t byte_order;     /*  8 0x1A2B3C4D */
	uint16_t major;          /* 12 1 */
	uint16_t minor;          /* 14 0 */
	int64_t section_length;  /* 16 -1 */
	uint16_t appl_code;      /* 24 4 */
	uint16_t appl_bytes;     /* 26 28 */
	char appl[28];           /* 28 "VEGA 0.1.0", zero filled */
	uint32_t end_of_options; /* 56 0 */
	uint32_t block_length2;  /* 60 64 */
};

VEGA_PIN_SIZE(struct vega_shb, 64);
VEGA_PIN(struct vega_shb, block_type, 0, 4);
VEGA_PIN(struct vega_shb, block_length, 4, 4);
VEGA_PIN(struct vega_shb, byte_order, 8, 4);
VEGA_PIN(struct vega_shb, major, 12, 2);
VEGA_PIN(struct vega_shb, minor, 14, 2);
VEGA_PIN(struct vega_shb, section_length, 16, 8);
VEGA_PIN(struct vega_shb, appl_code, 24, 2);
VEGA_PIN(struct vega_shb, appl_bytes, 26, 2);
VEGA_PIN(struct vega_shb, appl, 28, 28);
VEGA_PIN(struct vega_shb, end_of_options, 56, 4);
VEGA_PIN(struct vega_shb, block_length2, 60, 4);

/* Interface Description Block, 64 bytes: snaplen 0 (none), if_tsresol 9, if_name. */
struct vega_idb {
	uint32_t block_type;     /*  0 1 */
	uint32_t block_length;   /*  4 64 */
	uint16_t linktype;       /*  8 the same in every interface of a file */
	uint16_t reserved;       /* 10 0 */
	uint32_t snaplen;        /* 12 0 */
	uint16_t tsresol_code;   /* 16 9 */
	uint16_t tsresol_bytes;  /* 18 1 */
	uint8_t tsresol[4];      /* 20 9, 0, 0, 0 */
	uint16_t name_code;      /* 24 2 */
	uint16_t name_bytes;     /* 26 28 */
	char name[28];           /* 28 zero filled */
	uint32_t end_of_options; /* 56 0 */
	uint32_t block_length2;  /* 60 64 */
};

VEGA_PIN_SIZE(struct vega_idb, 64);
VEGA_PIN(struct vega_idb, block_type, 0, 4);
VEGA_PIN(struct vega_idb, block_length, 4, 4);
VEGA_PIN(struct vega_idb, linktype, 8, 2);
VEGA_PIN(struct vega_idb, reserved, 10, 2);
VEGA_PIN(struct vega_idb, snaplen, 12, 4);
VEGA_PIN(struct vega_idb, tsresol_code, 16, 2);
VEGA_PIN(struct vega_idb, tsresol_bytes, 18, 2);
VEGA_PIN(struct vega_idb, tsresol, 20, 4);
VEGA_PIN(struct vega_idb, name_code, 24, 2);
VEGA_PIN(struct vega_idb, name_bytes, 26, 2);
VEGA_PIN(struct vega_idb, name, 28, 28);
VEGA_PIN(struct vega_idb, end_of_options, 56, 4);
VEGA_PIN(struct vega_idb, block_length2, 60, 4);

/* The VEGA head block: 2048 bytes at 2048; the last 512 are the state sector. */
struct vega_head {
	uint32_t block_type;     /*   0 VEGA_BLOCK_HEAD */
	uint32_t block_length;   /*   4 2048 */
	uint64_t magic;          /*   8 */
	uint32_t version;        /*  16 */
	uint32_t head_bytes;     /*  20 4096 */
	uint32_t compat_flags;   /*  24 unknown: read on */
	uint32_t incompat_flags; /*  28 unknown: refuse */
	uint8_t file_id[16];     /*  32 random */
	uint64_t created_ns;     /*  48 */
	uint64_t generation;     /*  56 of the region */
	uint64_t epoch_ns;       /*  64 of the records; 0 in a file of frames */
	uint32_t day;            /*  72 YYYYMMDD */
	uint32_t day_start_s;    /*  76 */
	uint32_t file_number;    /*  80 */
	uint32_t kind;           /*  84 enum vega_block_kind */
	uint32_t linktype;       /*  88 */
	uint32_t if_cnt;         /*  92 */
	uint32_t feed_type;      /*  96 0 */
	uint32_t symbol_id;      /* 100 0: many */
	uint32_t schema;         /* 104 0 */
	uint32_t price_scale;    /* 108 decimal digits, 0 unknown */
	char feed[32];           /* 112 */
	char zone[48];           /* 144 */
	char region[32];         /* 192 */
	uint64_t lost_before;    /* 224 frames of this lane lost to storage since the file before */
	uint8_t reserved[1300];  /* 232 zero */
	uint32_t head_crc32c;    /* 1532 of bytes 0..3583 of the file with this field zero */
	/* state sector, 512 bytes at 1536 of the block */
	uint32_t state;          /* 1536 enum vega_file_state */
	uint32_t state_reserved; /* 1540 zero */
	uint64_t state_blocks;   /* 1544 */
	uint64_t state_packets;  /* 1552 */
	uint64_t state_bytes;    /* 1560 of the file */
	uint8_t reserved2[472];  /* 1568 zero */
	uint32_t state_crc32c;   /* 2040 of bytes 1536..2039 */
	uint32_t block_length2;  /* 2044 2048 */
};

VEGA_PIN_SIZE(struct vega_head, 2048);
VEGA_PIN(struct vega_head, block_type, 0, 4);
VEGA_PIN(struct vega_head, block_length, 4, 4);
VEGA_PIN(struct vega_head, magic, 8, 8);
VEGA_PIN(struct vega_head, version, 16, 4);
VEGA_PIN(struct vega_head, head_bytes, 20, 4);
VEGA_PIN(struct vega_head, compat_flags, 24, 4);
VEGA_PIN(struct vega_head, incompat_flags, 28, 4);
VEGA_PIN(struct vega_head, file_id, 32, 16);
VEGA_PIN(struct vega_head, created_ns, 48, 8);
VEGA_PIN(struct vega_head, generation, 56, 8);
VEGA_PIN(struct vega_head, epoch_ns, 64, 8);
VEGA_PIN(struct vega_head, day, 72, 4);
VEGA_PIN(struct vega_head, day_start_s, 76, 4);
VEGA_PIN(struct vega_head, file_number, 80, 4);
VEGA_PIN(struct vega_head, kind, 84, 4);
VEGA_PIN(struct vega_head, linktype, 88, 4);
VEGA_PIN(struct vega_head, if_cnt, 92, 4);
VEGA_PIN(struct vega_head, feed_type, 96, 4);
VEGA_PIN(struct vega_head, symbol_id, 100, 4);
VEGA_PIN(struct vega_head, schema, 104, 4);
VEGA_PIN(struct vega_head, price_scale, 108, 4);
VEGA_PIN(struct vega_head, feed, 112, 32);
VEGA_PIN(struct vega_head, zone, 144, 48);
VEGA_PIN(struct vega_head, region, 192, 32);
VEGA_PIN(struct vega_head, lost_before, 224, 8);
VEGA_PIN(struct vega_head, reserved, 232, 1300);
VEGA_PIN(struct vega_head, head_crc32c, 1532, 4);
VEGA_PIN(struct vega_head, state, 1536, 4);
VEGA_PIN(struct vega_head, state_reserved, 1540, 4);
VEGA_PIN(struct vega_head, state_blocks, 1544, 8);
VEGA_PIN(struct vega_head, state_packets, 1552, 8);
VEGA_PIN(struct vega_head, state_bytes, 1560, 8);
VEGA_PIN(struct vega_head, reserved2, 1568, 472);
VEGA_PIN(struct vega_head, state_crc32c, 2040, 4);
VEGA_PIN(struct vega_head, block_length2, 2044, 4);

/* Of a file or of its blocks: records of a lane? */
static inline bool
vega_format_is_records(uint32_t kind)
{
	return kind == VEGA_KIND_RECORDS || kind == VEGA_KIND_BOOK;
}

enum vega_file_state {
	VEGA_FILE_OPEN = 1,
	VEGA_FILE_SEALED = 2
};

/* One data block, as the index knows it. */
struct vega_index_entry {
	uint64_t start_off;      /*   0 */
	uint64_t end_off;        /*   8 */
	uint64_t recv_ns_min;    /*  16 */
	uint64_t recv_ns_max;    /*  24 */
	uint64_t recv_ns_runmax; /*  32 largest recv_ns_max up to here: what seek bisects */
	uint64_t exch_ns_min;    /*  40 */
	uint64_t exch_ns_max;    /*  48 */
	uint64_t exch_ns_runmax; /*  56 */
	uint64_t generation;     /*  64 */
	uint64_t position_first; /*  72 */
	uint64_t frame_first;    /*  80 */
	uint32_t packet_cnt;     /*  88 */
	uint32_t record_cnt;     /*  92 */
	uint64_t lost;           /*  96 frames lost before this block, all causes */
	uint32_t header_crc32c;  /* 104 of the block's header: ties the two together */
	uint32_t kinds;        /* 108 of the records in it, as its header; 0 in a block of frames */
	uint8_t reserved[12];  /* 112 zero */
	uint32_t entry_crc32c; /* 124 of bytes 0..123 */
};

VEGA_PIN_SIZE(struct vega_index_entry, 128);
VEGA_PIN(struct vega_index_entry, start_off, 0, 8);
VEGA_PIN(struct vega_index_entry, end_off, 8, 8);
VEGA_PIN(struct vega_index_entry, recv_ns_min, 16, 8);
VEGA_PIN(struct vega_index_entry, recv_ns_max, 24, 8);
VEGA_PIN(struct vega_index_entry, recv_ns_runmax, 32, 8);
VEGA_PIN(struct vega_index_entry, exch_ns_min, 40, 8);
VEGA_PIN(struct vega_index_entry, exch_ns_max, 48, 8);
VEGA_PIN(struct vega_index_entry, exch_ns_runmax, 56, 8);
VEGA_PIN(struct vega_index_entry, generation, 64, 8);
VEGA_PIN(struct vega_index_entry, position_first, 72, 8);
VEGA_PIN(struct vega_index_entry, frame_first, 80, 8);
VEGA_PIN(struct vega_index_entry, packet_cnt, 88, 4);
VEGA_PIN(struct vega_index_entry, record_cnt, 92, 4);
VEGA_PIN(struct vega_index_entry, lost, 96, 8);
VEGA_PIN(struct vega_index_entry, header_crc32c, 104, 4);
VEGA_PIN(struct vega_index_entry, kinds, 108, 4);
VEGA_PIN(struct vega_index_entry, reserved, 112, 12);
VEGA_PIN(struct vega_index_entry, entry_crc32c, 124, 4);

/* An index block: this header, then entries, then u32 length again. */
struct vega_index_hdr {
	uint32_t block_type;     /*  0 VEGA_BLOCK_INDEX */
	uint32_t block_length;   /*  4 */
	uint8_t file_id[16];     /*  8 */
	uint64_t entry_first;    /* 24 number of the first entry here */
	uint32_t entry_cnt;      /* 32 here */
	uint32_t entry_bytes;    /* 36 128 */
	uint8_t reserved[16];    /* 40 zero */
	uint32_t entries_crc32c; /* 56 of the entries */
	uint32_t header_crc32c;  /* 60 of bytes 0..59 */
};

VEGA_PIN_SIZE(struct vega_index_hdr, 64);
VEGA_PIN(struct vega_index_hdr, block_type, 0, 4);
VEGA_PIN(struct vega_index_hdr, block_length, 4, 4);
VEGA_PIN(struct vega_index_hdr, file_id, 8, 16);
VEGA_PIN(struct vega_index_hdr, entry_first, 24, 8);
VEGA_PIN(struct vega_index_hdr, entry_cnt, 32, 4);
VEGA_PIN(struct vega_index_hdr, entry_bytes, 36, 4);
VEGA_PIN(struct vega_index_hdr, reserved, 40, 16);
VEGA_PIN(struct vega_index_hdr, entries_crc32c, 56, 4);
VEGA_PIN(struct vega_index_hdr, header_crc32c, 60, 4);

/*
 * Interface Statistics Block, 88 bytes in front of the trailer: the whole file's, under interface 0. A standard block, for
 * other tools; VEGA reads block headers and trailer, from which it follows. received = packets + if_drop + os_drop.
 */
struct vega_isb {
	uint32_t block_type;      /*  0 5 */
	uint32_t block_length;    /*  4 88 */
	uint32_t interface_id;    /*  8 0 */
	uint32_t time_ns[2];      /* 12 as end_ns */
	uint16_t start_code;      /* 20 2: isb_starttime */
	uint16_t start_bytes;     /* 22 8 */
	uint32_t start_ns[2];     /* 24 smallest receive time: high, low */
	uint16_t end_code;        /* 32 3: isb_endtime */
	uint16_t end_bytes;       /* 34 8 */
	uint32_t end_ns[2];       /* 36 largest receive time: high, low */
	uint16_t received_code;   /* 44 4: isb_ifrecv */
	uint16_t received_bytes;  /* 46 8 */
	uint32_t received_cnt[2]; /* 48 frames in the file and frames lost: low, high */
	uint16_t if_drop_code;    /* 56 5: isb_ifdrop */
	uint16_t if_drop_bytes;   /* 58 8 */
	uint32_t if_drop_cnt[2];  /* 60 lost by the port (missed, errors, no buffer): low, high */
	uint16_t os_drop_code;    /* 68 7: isb_osdrop */
	uint16_t os_drop_bytes;   /* 70 8 */
	uint32_t os_drop_cnt[2];  /* 72 lost to a full lane, oversize or storage: low, high */
	uint32_t end_of_options;  /* 80 0 */
	uint32_t block_length2;   /* 84 88 */
};

VEGA_PIN_SIZE(struct vega_isb, 88);
VEGA_PIN(struct vega_isb, block_type, 0, 4);
VEGA_PIN(struct vega_isb, block_length, 4, 4);
VEGA_PIN(struct vega_isb, interface_id, 8, 4);
VEGA_PIN(struct vega_isb, time_ns, 12, 8);
VEGA_PIN(struct vega_isb, start_code, 20, 2);
VEGA_PIN(struct vega_isb, start_bytes, 22, 2);
VEGA_PIN(struct vega_isb, start_ns, 24, 8);
VEGA_PIN(struct vega_isb, end_code, 32, 2);
VEGA_PIN(struct vega_isb, end_bytes, 34, 2);
VEGA_PIN(struct vega_isb, end_ns, 36, 8);
VEGA_PIN(struct vega_isb, received_code, 44, 2);
VEGA_PIN(struct vega_isb, received_bytes, 46, 2);
VEGA_PIN(struct vega_isb, received_cnt, 48, 8);
VEGA_PIN(struct vega_isb, if_drop_code, 56, 2);
VEGA_PIN(struct vega_isb, if_drop_bytes, 58, 2);
VEGA_PIN(struct vega_isb, if_drop_cnt, 60, 8);
VEGA_PIN(struct vega_isb, os_drop_code, 68, 2);
VEGA_PIN(struct vega_isb, os_drop_bytes, 70, 2);
VEGA_PIN(struct vega_isb, os_drop_cnt, 72, 8);
VEGA_PIN(struct vega_isb, end_of_options, 80, 4);
VEGA_PIN(struct vega_isb, block_length2, 84, 4);

/* The trailer: the last 256 bytes of a sealed file. */
struct vega_trailer {
	uint32_t block_type;   /*   0 VEGA_BLOCK_TRAILER */
	uint32_t block_length; /*   4 256 */
	uint64_t magic;        /*   8 VEGA_HEAD_MAGIC */
	uint8_t file_id[16];   /*  16 */
	uint64_t file_bytes;   /*  32 */
	uint64_t index_off;    /*  40 multiple of 4096 */
	uint64_t index_bytes;  /*  48 of the chain, padding not counted */
	uint64_t entry_cnt;    /*  56 data blocks */
	uint64_t packet_cnt;   /*  64 */
	uint64_t recv_ns_min;  /*  72 */
	uint64_t recv_ns_max;  /*  80 */
	uint64_t lost;         /*  88 all causes */
	uint64_t sealed_ns;    /*  96 */
	uint64_t hole_cnt;     /* 104 hole blocks recover laid */
	uint64_t hole_bytes;   /* 112 */
	uint32_t sealed_by;    /* 120 1 the writer, 2 recover */
	uint32_t isb_bytes;    /* 124 of the Interface Statistics Block in front of it; 0: none */
	/* Frames lost after the last block: no block header tells them. */
	uint64_t end_lane_full;   /* 128 */
	uint64_t end_oversize;    /* 136 */
	uint64_t end_port_missed; /* 144 */
	uint64_t end_port_nombuf; /* 152 */
	uint64_t end_disk;        /* 160 */
	uint32_t isb_crc32c;      /* 168 of the Interface Statistics Block; 0 where there is none */
	uint8_t reserved[76];     /* 172 zero */
	uint32_t trailer_crc32c;  /* 248 of bytes 0..247 */
	uint32_t block_length2;   /* 252 256 */
};

VEGA_PIN_SIZE(struct vega_trailer, 256);
VEGA_PIN(struct vega_trailer, block_type, 0, 4);
VEGA_PIN(struct vega_trailer, block_length, 4, 4);
VEGA_PIN(struct vega_trailer, magic, 8, 8);
VEGA_PIN(struct vega_trailer, file_id, 16, 16);
VEGA_PIN(struct vega_trailer, file_bytes, 32, 8);
VEGA_PIN(struct vega_trailer, index_off, 40, 8);
VEGA_PIN(struct vega_trailer, index_bytes, 48, 8);
VEGA_PIN(struct vega_trailer, entry_cnt, 56, 8);
VEGA_PIN(struct vega_trailer, packet_cnt, 64, 8);
VEGA_PIN(struct vega_trailer, recv_ns_min, 72, 8);
VEGA_PIN(struct vega_trailer, recv_ns_max, 80, 8);
VEGA_PIN(struct vega_trailer, lost, 88, 8);
VEGA_PIN(struct vega_trailer, sealed_ns, 96, 8);
VEGA_PIN(struct vega_trailer, hole_cnt, 104, 8);
VEGA_PIN(struct vega_trailer, hole_bytes, 112, 8);
VEGA_PIN(struct vega_trailer, sealed_by, 120, 4);
VEGA_PIN(struct vega_trailer, isb_bytes, 124, 4);
VEGA_PIN(struct vega_trailer, end_lane_full, 128, 8);
VEGA_PIN(struct vega_trailer, end_oversize, 136, 8);
VEGA_PIN(struct vega_trailer, end_port_missed, 144, 8);
VEGA_PIN(struct vega_trailer, end_port_nombuf, 152, 8);
VEGA_PIN(struct vega_trailer, end_disk, 160, 8);
VEGA_PIN(struct vega_trailer, isb_crc32c, 168, 4);
VEGA_PIN(struct vega_trailer, reserved, 172, 76);
VEGA_PIN(struct vega_trailer, trailer_crc32c, 248, 4);
VEGA_PIN(struct vega_trailer, block_length2, 252, 4);

/* Laid by recover over a torn extent: one block of at most 8 MiB, a chain where the extent is longer. */
struct vega_hole_hdr {
	uint32_t block_type;    /*  0 VEGA_BLOCK_HOLE */
	uint32_t block_length;  /*  4 of the whole hole; what follows this header stays as found */
	uint8_t file_id[16];    /*  8 */
	uint64_t file_offset;   /* 24 of this hole block */
	uint64_t hole_bytes;    /* 32 */
	uint64_t before_ns;     /* 40 running maximum before it */
	uint64_t reserved;      /* 48 zero */
	uint32_t reserved2;     /* 56 zero */
	uint32_t header_crc32c; /* 60 of bytes 0..59 */
};

VEGA_PIN_SIZE(struct vega_hole_hdr, 64);
VEGA_PIN(struct vega_hole_hdr, block_type, 0, 4);
VEGA_PIN(struct vega_hole_hdr, block_length, 4, 4);
VEGA_PIN(struct vega_hole_hdr, file_id, 8, 16);
VEGA_PIN(struct vega_hole_hdr, file_offset, 24, 8);
VEGA_PIN(struct vega_hole_hdr, hole_bytes, 32, 8);
VEGA_PIN(struct vega_hole_hdr, before_ns, 40, 8);
VEGA_PIN(struct vega_hole_hdr, reserved, 48, 8);
VEGA_PIN(struct vega_hole_hdr, reserved2, 56, 4);
VEGA_PIN(struct vega_hole_hdr, header_crc32c, 60, 4);

/* First bytes of NAME.idx. */
struct vega_idx_head {
	uint64_t magic;       /*  0 VEGA_HEAD_MAGIC */
	uint32_t version;     /*  8 */
	uint32_t entry_bytes; /* 12 128 */
	uint8_t file_id[16];  /* 16 */
	uint8_t reserved[92]; /* 32 zero */
	uint32_t head_crc32c; /* 124 of bytes 0..123 */
};

VEGA_PIN_SIZE(struct vega_idx_head, 128);
VEGA_PIN(struct vega_idx_head, magic, 0, 8);
VEGA_PIN(struct vega_idx_head, version, 8, 4);
VEGA_PIN(struct vega_idx_head, entry_bytes, 12, 4);
VEGA_PIN(struct vega_idx_head, file_id, 16, 16);
VEGA_PIN(struct vega_idx_head, reserved, 32, 92);
VEGA_PIN(struct vega_idx_head, head_crc32c, 124, 4);

/* A gap of 4 or 8 bytes cannot hold a padding block: then the extent is one 4096 longer. */
static inline uint64_t
vega_format_gap_bytes(uint64_t content_bytes, uint64_t pow2)
{
	uint64_t gap = vega_align_up(content_bytes, pow2) - content_bytes;

	return gap == 0 || gap >= VEGA_PAD_BYTES_MIN ? gap : gap + pow2;
}

/* The bytes of a data block on disk: header, payload and padding. */
static inline uint64_t
vega_format_stored_bytes(uint64_t payload_bytes)
{
	return VEGA_BLOCK_HDR_BYTES + payload_bytes +
	       vega_format_gap_bytes(VEGA_BLOCK_HDR_BYTES + payload_bytes, VEGA_BLOCK_ALIGN_BYTES);
}

/* The bytes of an index block of entry_cnt entries. */
static inline uint64_t
vega_format_index_bytes(uint64_t entry_cnt)
{
	return VEGA_INDEX_HDR_BYTES + entry_cnt * VEGA_INDEX_ENTRY_BYTES + 4;
}

/* The VEGA head inside a head extent. */
static inline const struct vega_head *
vega_format_head_of(const void *extent)
{
	return (const struct vega_head *)(const void *)((const uint8_t *)extent + VEGA_HEAD_OFF);
}

/*
 * Make a head extent: Section Header, one Interface Description each, padding, VEGA head, state OPEN.
 *
 * Params: extent	4096 bytes, 8-aligned, overwritten
 *	   identity	fields from file_id to lost_before; flags, lengths, checksums and state are set here
 *	   if_name	identity->if_cnt names, 1 to 16
 */
void vega_format_head(
	void *extent, const struct vega_head *identity, const char (*if_name)[VEGA_NAME_BYTES]);

/* Rewrite the state sector of a head extent in memory. */
void vega_format_state(void *extent, enum vega_file_state state, uint64_t block_cnt,
	uint64_t packet_cnt, uint64_t file_bytes);

/* Lay a padding block; bytes is 0 or at least 12, a multiple of 4. */
void vega_format_padding(void *at, uint64_t bytes);

/*
 * Finish a data block for its place in a file: the drain's fields, the padding after the payload, both checksums.
 * The memory at hdr holds vega_format_stored_bytes(hdr->payload_bytes).
 */
void vega_format_block(struct vega_block_hdr *hdr, const uint8_t file_id[16], uint64_t block_number,
	uint64_t file_off);

/* Frames a block header says were lost before it, all causes. */
uint64_t vega_format_lost(const struct vega_block_hdr *hdr);

/* The index entry of a finished block; before: the entry in front of it, NULL for the first. */
void vega_format_entry(const struct vega_block_hdr *hdr, const struct vega_index_entry *before,
	struct vega_index_entry *ret_entry);

/* Lay an index block of entry_cnt entries at `at`, vega_format_index_bytes(entry_cnt) long. */
void vega_format_index(void *at, const uint8_t file_id[16], uint64_t entry_first,
	const struct vega_index_entry *entries, uint32_t entry_cnt);

/* Frames lost after the last block, all causes. */
uint64_t vega_format_lost_end(const struct vega_trailer *trailer);

/*
 * The Interface Statistics Block of a file, from its trailer's totals.
 *
 * Params: lost_port	of trailer->lost, what the port lost (at most that)
 */
void vega_format_isb(struct vega_isb *isb, const struct vega_trailer *trailer, uint64_t lost_port);

/* Set type, length, magic and checksum of a trailer whose other fields are filled. */
void vega_format_trailer(struct vega_trailer *trailer);

/* The header of one hole block; its last 4 bytes on disk are block_length again. */
void vega_format_hole(struct vega_hole_hdr *hole, const uint8_t file_id[16], uint64_t file_off,
	uint32_t hole_bytes, uint64_t before_ns);

void vega_format_idx_head(struct vega_idx_head *head, const uint8_t file_id[16]);

/*
 * Checks. Each is pure, looks at bounds first, and judges what it is given alone. `bytes` is what lies at the pointer;
 * nothing beyond it is read. Pointers are 8-aligned.
 */
enum vega_verdict {
	VEGA_GOOD = 0,
	VEGA_TORN = 1,  /* not, or not wholly, there: a length, type, range or checksum is wrong */
	VEGA_STALE = 2, /* whole, but of another file */
	VEGA_MISPLACED = 3, /* whole and of this file, but of another place in it */
};

/*
 * The head extent, its state sector left aside. Unknown compat_flags pass.
 *
 * Returns 0, or -EBADMSG (65) with a message that says needed and found: too short, foreign, of another version, with
 * unknown incompat_flags, or damaged.
 */
int vega_format_check_head(const void *extent, uint64_t bytes) VEGA_MUST_CHECK;

/* The state sector of a head extent of 4096 bytes: VEGA_GOOD or VEGA_TORN. */
enum vega_verdict vega_format_check_state(const void *extent) VEGA_MUST_CHECK;

/* A data block's header alone: after it, stored_bytes and payload_bytes can be trusted to be in range. */
enum vega_verdict vega_format_check_block_hdr(const struct vega_block_hdr *hdr, uint64_t bytes,
	const uint8_t file_id[16], uint64_t file_off) VEGA_MUST_CHECK;

/* A data block whole, checksums and padding included; bytes must reach stored_bytes. */
enum vega_verdict vega_format_check_block(const struct vega_block_hdr *hdr, uint64_t bytes,
	const uint8_t file_id[16], uint64_t file_off) VEGA_MUST_CHECK;

/* A padding block of exactly `bytes` (0 is good: none is needed). */
enum vega_verdict vega_format_check_padding(const void *at, uint64_t bytes) VEGA_MUST_CHECK;

/* An index entry: checksum, alignment, extent inside data_end, times in order, running maxima not below `before`'s. */
enum vega_verdict vega_format_check_entry(const struct vega_index_entry *entry,
	const struct vega_index_entry *before, uint64_t data_end) VEGA_MUST_CHECK;

/* An index block whole (its entries' own checksums included in none: check each with check_entry). */
enum vega_verdict vega_format_check_index(const struct vega_index_hdr *hdr, uint64_t bytes,
	const uint8_t file_id[16], uint64_t entry_first) VEGA_MUST_CHECK;

/* The last 256 bytes of a file of file_bytes. */
enum vega_verdict vega_format_check_trailer(const struct vega_trailer *trailer,
	const uint8_t file_id[16], uint64_t file_bytes) VEGA_MUST_CHECK;

/* The Interface Statistics Block of a trailer that is good and has one. */
enum vega_verdict vega_format_check_isb(
	const struct vega_isb *isb, const struct vega_trailer *trailer) VEGA_MUST_CHECK;

/* A hole's header and, when bytes reach it, the length at its end. */
enum vega_verdict vega_format_check_hole(const struct vega_hole_hdr *hole, uint64_t bytes,
	const uint8_t file_id[16], uint64_t file_off) VEGA_MUST_CHECK;

enum vega_verdict vega_format_check_idx_head(
	const struct vega_idx_head *head, const uint8_t file_id[16]) VEGA_MUST_CHECK;

#endif
