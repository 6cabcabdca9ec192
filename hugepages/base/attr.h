/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BASE_ATTR_H
#define VEGA_BASE_ATTR_H
/*
 * Compiler attributes and layout pins: the only header that spells __attribute__.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define vega_likely(x)   __builtin_expect(!!(x), 1)
#define vega_unlikely(x) __builtin_expect(!!(x), 0)

#define VEGA_PRINTF(fmt_idx, arg_idx) __attribute__((format(printf, fmt_idx, arg_idx)))
#define VEGA_ALIGNED(n)               __attribute__((aligned(n)))
#define VEGA_VECTOR(bytes)            __attribute__((vector_size(bytes)))
#define VEGA_TARGET(isa)              __attribute__((target(isa)))
#define VEGA_UNUSED                   __attribute__((unused))
#define VEGA_MUST_CHECK               __attribute__((warn_unused_result))
#define VEGA_MAY_ALIAS                __attribute__((may_alias))
#define VEGA_NOINLINE                 __attribute__((noinline))
#define VEGA_COLD                     __attribute__((cold, noinline))
#define VEGA_ALWAYS_INLINE            inline __attribute__((always_inline))

#define VEGA_ARRAY_CNT(a) (sizeof(a) / sizeof((a)[0]))

/* Ask for a line that is read, or read and written, a little later. */
#define vega_prefetch(at) __builtin_prefetch(at)

/* Two writers that never share a line, nor the line the prefetcher pairs with it. */
#define VEGA_LINE_BYTES  64u
#define VEGA_GUARD_BYTES 128u

/* Pins of a fixed layout: they stand beside the definition, one for every field. */
#define VEGA_PIN_SIZE(T, n) static_assert(sizeof(T) == (n), #T " size")
#define VEGA_PIN(T, f, off, n) \
	static_assert(offsetof(T, f) == (off) && sizeof(((T *)0)->f) == (n), #T "." #f)

static inline uint64_t
vega_align_up(uint64_t value, uint64_t pow2)
{
	return (value + pow2 - 1) & ~(pow2 - 1);
}

static inline int
vega_is_pow2(uint64_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

#endif
