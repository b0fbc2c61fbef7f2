# The build types: Release (hardened), Sanitize (ASan and UBSan), Thread (TSan), Fuzz (libFuzzer, clang).
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Sanitize, Thread or Fuzz" FORCE)
endif()
set(known_types Release Sanitize Thread Fuzz)
if(NOT CMAKE_BUILD_TYPE IN_LIST known_types)
    message(FATAL_ERROR "CMAKE_BUILD_TYPE is \"${CMAKE_BUILD_TYPE}\" (use one of: ${known_types})")
endif()

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_compile_definitions(_GNU_SOURCE)
# Texts for people are cut on purpose where they do not fit (err.h), hence no -Wformat-truncation
# (a warning of gcc's that clang does not know). clang finds -Wcast-qual in the expansion of OpenSSL's macros.
add_compile_options(
    -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Wcast-qual
    -Wwrite-strings -Wvla -Wformat=2 -Werror -g -fno-omit-frame-pointer
    $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation> $<$<C_COMPILER_ID:Clang>:-Wno-cast-qual>)

# _FORTIFY_SOURCE is undefined first: some compilers set a lower level of their own.
set(CMAKE_C_FLAGS_RELEASE
    "-O2 -fstack-protector-strong -fstack-clash-protection -fcf-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
set(CMAKE_EXE_LINKER_FLAGS_RELEASE "-pie -Wl,-z,relro,-z,noexecstack")
# In all of them, not for hardening alone: where a function is bound at its first call, ld.so saves the vector
# registers on the stack, and with them a password that was just copied.
add_link_options(-Wl,-z,now)

set(CMAKE_C_FLAGS_SANITIZE "-O1 -fsanitize=address,undefined -fno-sanitize-recover=all")
set(CMAKE_EXE_LINKER_FLAGS_SANITIZE "-fsanitize=address,undefined")

set(CMAKE_C_FLAGS_THREAD "-O1 -fsanitize=thread")
set(CMAKE_EXE_LINKER_FLAGS_THREAD "-fsanitize=thread")

set(CMAKE_C_FLAGS_FUZZ "-O1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all")
set(CMAKE_EXE_LINKER_FLAGS_FUZZ "-fsanitize=address,undefined")
