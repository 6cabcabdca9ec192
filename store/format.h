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
 *	| padding                                        | trailer 256 |  ends the file on a multiple of 4096
 *	+--------------------------------------------------------------+
 *
 * Everything but the state sector is written once. The trailer decides whether a file is sealed; the state sector,
 * rewritten after the trailer is durable, is a hint that saves a read. Reserved bytes are zero and checked.
 *
 * While a file is being written, `NAME.idx` lies beside it: one vega_idx_head, then one vega_index_entry a block,
 * appended after the block's write is complete. Derived data: losing it costs a scan, never a frame.
 */
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "hugepages/vega_block.h"
#include "hugepages/vega_layout.h"

#define VEGA_FORMAT_VERSION 1u
#define VEGA_HEAD_MAGIC	    0x31304441454847ull /* in vega_head */

#define VEGA_HEAD_BYTES	      4096u /* the head extent */
#define VEGA_HEAD_OFF	      2048u /* the VEGA head block in it */
#define VEGA_STATE_OFF	      3584u /* the state sector in it */
#define VEGA_SHB_BYTES	      64u
#define VEGA_IDB_BYTES	      64u
#define VEGA_INDEX_HDR_BYTES  64u
#define VEGA_INDEX_ENTRY_BYTES 128u
#define VEGA_TRAILER_BYTES    256u
#define VEGA_INDEX_ENTRIES_MAX ((VEGA_BLOCK_BYTES_MAX - VEGA_INDEX_HDR_BYTES - 8u) / VEGA_INDEX_ENTRY_BYTES)

/* Section Header Block, 64 bytes: 24 fixed, shb_userappl of 28, end of options. */
struct vega_shb {
	uint32_t block_type;	/*  0 0x0A0D0D0A */
	uint32_t block_length;	/*  4 64 */
	uint32_t byte_order;	/*  8 0x1A2B3C4D */
	uint16_t major;		/* 12 1 */
	uint16_t minor;		/* 14 0 */
	int64_t section_length; /* 16 -1 */
	uint16_t appl_code;	/* 24 4 */
	uint16_t appl_bytes;	/* 26 28 */
	char appl[28];		/* 28 "VEGA 0.1.0", zero filled */
	uint32_t end_of_options; /* 56 0 */
	uint32_t block_length2;	/* 60 64 */
};

/* Interface Description Block, 64 bytes: snaplen 0 (none), if_tsresol 9, if_name. */
struct vega_idb {
	uint32_t block_type;	/*  0 1 */
	uint32_t block_length;	/*  4 64 */
	uint16_t linktype;	/*  8 the same in every interface of a file */
	uint16_t reserved;	/* 10 0 */
	uint32_t snaplen;	/* 12 0 */
	uint16_t tsresol_code;	/* 16 9 */
	uint16_t tsresol_bytes; /* 18 1 */
	uint8_t tsresol[4];	/* 20 9, 0, 0, 0 */
	uint16_t name_code;	/* 24 2 */
	uint16_t name_bytes;	/* 26 28 */
	char name[28];		/* 28 zero filled */
	uint32_t end_of_options; /* 56 0 */
	uint32_t block_length2; /* 60 64 */
};

/* The VEGA head block: 2048 bytes at 2048; the last 512 are the state sector. */
struct vega_head {
	uint32_t block_type;	 /*   0 VEGA_BLOCK_HEAD */
	uint32_t block_length;	 /*   4 2048 */
	uint64_t magic;		 /*   8 */
	uint32_t version;	 /*  16 */
	uint32_t head_bytes;	 /*  20 4096 */
	uint32_t compat_flags;	 /*  24 unknown: read on */
	uint32_t incompat_flags; /*  28 unknown: refuse */
	uint8_t file_id[16];	 /*  32 random */
	uint64_t created_ns;	 /*  48 */
	uint64_t generation;	 /*  56 of the region */
	uint64_t epoch_ns;	 /*  64 of the records; 0 in a file of frames */
	uint32_t day;		 /*  72 YYYYMMDD */
	uint32_t day_start_s;	 /*  76 */
	uint32_t file_number;	 /*  80 */
	uint32_t kind;		 /*  84 enum vega_block_kind */
	uint32_t linktype;	 /*  88 */
	uint32_t if_cnt;	 /*  92 */
	uint32_t feed_type;	 /*  96 0 */
	uint32_t symbol_id;	 /* 100 0: many */
	uint32_t schema;	 /* 104 0 */
	uint32_t price_scale;	 /* 108 decimal digits, 0 unknown */
	char feed[32];		 /* 112 */
	char zone[48];		 /* 144 */
	char region[32];	 /* 192 */
	uint64_t lost_before;	 /* 224 frames of this lane lost to storage since the file before */
	uint8_t reserved[1300];	 /* 232 zero */
	uint32_t head_crc32c;	 /* 1532 of bytes 0..3583 of the file with this field zero */
	/* state sector, 512 bytes at 1536 of the block */
	uint32_t state;		 /* 1536 enum vega_file_state */
	uint32_t state_reserved; /* 1540 zero */
	uint64_t state_blocks;	 /* 1544 */
	uint64_t state_packets;	 /* 1552 */
	uint64_t state_bytes;	 /* 1560 of the file */
	uint8_t reserved2[472];	 /* 1568 zero */
	uint32_t state_crc32c;	 /* 2040 of bytes 1536..2039 */
	uint32_t block_length2;	 /* 2044 2048 */
};
enum vega_file_state { VEGA_FILE_OPEN = 1, VEGA_FILE_SEALED = 2 };

/* One data block, as the index knows it. */
struct vega_index_entry {
	uint64_t start_off;	 /*   0 */
	uint64_t end_off;	 /*   8 */
	uint64_t recv_ns_min;	 /*  16 */
	uint64_t recv_ns_max;	 /*  24 */
	uint64_t recv_ns_runmax; /*  32 largest recv_ns_max up to here: what seek bisects */
	uint64_t exch_ns_min;	 /*  40 */
	uint64_t exch_ns_max;	 /*  48 */
	uint64_t exch_ns_runmax; /*  56 */
	uint64_t generation;	 /*  64 */
	uint64_t position_first; /*  72 */
	uint64_t frame_first;	 /*  80 */
	uint32_t packet_cnt;	 /*  88 */
	uint32_t record_cnt;	 /*  92 */
	uint64_t lost;		 /*  96 frames lost before this block, all causes */
	uint32_t header_crc32c;	 /* 104 of the block's header: ties the two together */
	uint8_t reserved[16];	 /* 108 zero */
	uint32_t entry_crc32c;	 /* 124 of bytes 0..123 */
};

/* An index block: this header, then entries, then u32 length again. */
struct vega_index_hdr {
	uint32_t block_type;	/*  0 VEGA_BLOCK_INDEX */
	uint32_t block_length;	/*  4 */
	uint8_t file_id[16];	/*  8 */
	uint64_t entry_first;	/* 24 number of the first entry here */
	uint32_t entry_cnt;	/* 32 here */
	uint32_t entry_bytes;	/* 36 128 */
	uint8_t reserved[16];	/* 40 zero */
	uint32_t entries_crc32c; /* 56 of the entries */
	uint32_t header_crc32c;	/* 60 of bytes 0..59 */
};

/* The trailer: the last 256 bytes of a sealed file. */
struct vega_trailer {
	uint32_t block_type;	/*   0 VEGA_BLOCK_TRAILER */
	uint32_t block_length;	/*   4 256 */
	uint64_t magic;		/*   8 VEGA_HEAD_MAGIC */
	uint8_t file_id[16];	/*  16 */
	uint64_t file_bytes;	/*  32 */
	uint64_t index_off;	/*  40 multiple of 4096 */
	uint64_t index_bytes;	/*  48 of the chain, padding not counted */
	uint64_t entry_cnt;	/*  56 data blocks */
	uint64_t packet_cnt;	/*  64 */
	uint64_t recv_ns_min;	/*  72 */
	uint64_t recv_ns_max;	/*  80 */
	uint64_t lost;		/*  88 all causes */
	uint64_t sealed_ns;	/*  96 */
	uint64_t hole_cnt;	/* 104 extents recover covered */
	uint64_t hole_bytes;	/* 112 */
	uint32_t sealed_by;	/* 120 1 the writer, 2 recover */
	uint32_t reserved;	/* 124 zero */
	uint8_t reserved2[120]; /* 128 zero */
	uint32_t trailer_crc32c; /* 248 of bytes 0..247 */
	uint32_t block_length2; /* 252 256 */
};

/* Laid by recover over a torn extent: one block of at most 8 MiB, a chain where the extent is longer. */
struct vega_hole_hdr {
	uint32_t block_type;	/*  0 VEGA_BLOCK_HOLE */
	uint32_t block_length;	/*  4 of the whole hole; the content after this header stays as found */
	uint8_t file_id[16];	/*  8 */
	uint64_t file_offset;	/* 24 of this hole block */
	uint64_t hole_bytes;	/* 32 */
	uint64_t before_ns;	/* 40 running maximum before it */
	uint64_t reserved;	/* 48 zero */
	uint32_t reserved2;	/* 56 zero */
	uint32_t header_crc32c; /* 60 of bytes 0..59 */
};

/* First bytes of NAME.idx. */
struct vega_idx_head {
	uint64_t magic;	      /*  0 VEGA_HEAD_MAGIC */
	uint32_t version;     /*  8 */
	uint32_t entry_bytes; /* 12 128 */
	uint8_t file_id[16];  /* 16 */
	uint8_t reserved[92]; /* 32 zero */
	uint32_t head_crc32c; /* 124 of bytes 0..123 */
};

#endif
