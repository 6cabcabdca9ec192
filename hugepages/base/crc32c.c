/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/base/crc32c.h"

#include <isa-l/crc.h>

uint32_t
vega_crc32c(uint32_t crc, const void *data, size_t bytes)
{
	const size_t piece_max = 1u << 30; /* ISA-L takes an int */
	unsigned char *at = (unsigned char *)(uintptr_t)data;

	while (bytes > piece_max) {
		crc = ~crc32_iscsi(at, (int)piece_max, ~crc);
		at += piece_max;
		bytes -= piece_max;
	}
	return ~crc32_iscsi(at, (int)bytes, ~crc);
}
