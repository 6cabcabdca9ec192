/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_GEN_NSE_H
#define VEGA_GEN_NSE_H
/*
 * What NSE's feeds have in common: their clock, and the order flows of their segments.
 */
#include "replay/gen_flow.h"

/* Unix time of the exchange's epoch, 1980-01-01 00:00 on Indian clocks: its time in UTC, less what India is ahead. */
#define VEGA_GEN_NSE_EPOCH_S  (315532800ull - 19800ull)
#define VEGA_GEN_NSE_FIRST_NS ((VEGA_GEN_NSE_EPOCH_S + 1) * 1000000000ull)
#define VEGA_GEN_NSE_START    "2025-05-28T09:15:00+05:30"

/* Initialisers of struct vega_flow_params. Prices are paise in both; futures and options trade in lots, shares singly. */
/* clang-format off */
#define VEGA_GEN_NSE_FO_FLOW {.id_base = 1101000000000000, .token_base = 35000, .token_step = 7, .tick = 5, .lot_max = 300, .lots_max = 20}
#define VEGA_GEN_NSE_CM_FLOW {.id_base = 1001000000000000, .token_base = 1300, .token_step = 11, .tick = 5, .lot_max = 1, .lots_max = 1000}
/* clang-format on */

#endif
