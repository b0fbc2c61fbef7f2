# The foreign libraries, all Debian packages (scripts/install-dependencies.sh names the packages).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(CONFUSE REQUIRED IMPORTED_TARGET libconfuse)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl)
pkg_check_modules(ARGON2 REQUIRED IMPORTED_TARGET libargon2)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(GMIME REQUIRED IMPORTED_TARGET gmime-3.0)
pkg_check_modules(CRYPT REQUIRED IMPORTED_TARGET libcrypt)
pkg_check_modules(LDAP REQUIRED IMPORTED_TARGET ldap lber)
pkg_check_modules(FCGI REQUIRED IMPORTED_TARGET fcgi)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

# libmilter has no .pc file.
find_library(MILTER_LIBRARY milter REQUIRED)
find_path(MILTER_INCLUDE libmilter/mfapi.h REQUIRED)
add_library(milter-library INTERFACE IMPORTED)
set_target_properties(milter-library PROPERTIES
    INTERFACE_LINK_LIBRARIES ${MILTER_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${MILTER_INCLUDE})
