/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BASE_CRC32C_H
#define VEGA_BASE_CRC32C_H
/*
 * CRC32C (Castagnoli, reflected, as in RFC 3720) by ISA-L, at memory speed.
 */
#include <stddef.h>
#include <stdint.h>

/*
 * Params: crc	0 to start, or the result so far to go on with the next piece
 * Returns the checksum; "123456789" gives 0xE3069283.
 */
uint32_t vega_crc32c(uint32_t crc, const void *data, size_t bytes);

#endif
