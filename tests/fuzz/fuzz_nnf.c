/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nse-nnf: any datagram, as lines and as records.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/lib/lane.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	FUZZ_CHECK(lane_keeps_contract(&vega_format_nse_nnf, data, (uint32_t)bytes));
	return 0;
}
