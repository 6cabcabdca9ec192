/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * iex: any datagram, as lines and as records.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/lib/lane.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	FUZZ_CHECK(lane_keeps_contract(&vega_format_iex, data, (uint32_t)bytes));
	return 0;
}
