# SPDX-License-Identifier: Apache-2.0
# Each kernel is compiled for the processors that run it, alone: no other file gets these flags, and so no
# precompiled header is shared with it. Elsewhere than on x86-64 the files are empty.
function(coffer_kernel source)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
    set_source_files_properties(crypto/kernels/${source} PROPERTIES SKIP_PRECOMPILE_HEADERS ON
                                COMPILE_OPTIONS "${ARGN}")
  endif()
endfunction()
coffer_kernel(aes_256_key_expansion.cc -maes)
coffer_kernel(xts_aes_ni.cc -maes -mpclmul)
coffer_kernel(xts_vaes_256.cc -mavx2 -mvaes -mvpclmulqdq)
# GCC 12 takes the undefined operands of its own AVX-512 intrinsics for a mistake.
coffer_kernel(xts_vaes_512.cc -mavx512f -mavx512bw -mvaes -mvpclmulqdq
              $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
