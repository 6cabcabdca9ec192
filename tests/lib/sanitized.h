/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_TESTS_SANITIZED_H
#define VEGA_TESTS_SANITIZED_H
/*
 * SANITIZED is 1 in a build with a sanitizer, which is ten to fifty times slower: tests that go through every case do a
 * sample of them there, and all of them in a plain build.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
