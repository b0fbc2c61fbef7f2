/*
 * certificates: a certificate authority and server certificates, made when a test runs.
 */
#ifndef MAILREEVE_TEST_CERTIFICATES_H
#define MAILREEVE_TEST_CERTIFICATES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>

struct certified {
    EVP_PKEY *key;
    X509 *certificate;
};

/* issuer NULL: it signs itself and is an authority. names: "DNS:mail.test,IP:127.0.0.1", or NULL.
 * Valid from begin_s to end_s from now. */
static inline struct certified
certify(const struct certified *issuer, const char *common_name, const char *names, long begin_s,
        long end_s)
{
    static long serial = 1;
    struct certified made = {.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
    X509 *certificate = made.certificate;
    assert_non_null(made.key);
    assert_non_null(certificate);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), begin_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), end_s);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)common_name, -1, -1, 0);
    X509 *issuing = issuer != NULL ? issuer->certificate : certificate;
    X509_set_issuer_name(certificate, X509_get_subject_name(issuing));
    X509_set_pubkey(certificate, made.key);

    X509V3_CTX context;
    X509V3_set_ctx(&context, issuing, certificate, NULL, NULL, 0);
    X509_EXTENSION *extensions[] = {
        X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints,
                            issuer == NULL ? "critical,CA:TRUE" : "CA:FALSE"),
        names != NULL ? X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, names) : NULL,
    };
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++)
        if (extensions[i] != NULL) {
            X509_add_ext(certificate, extensions[i], -1);
            X509_EXTENSION_free(extensions[i]);
        }
    EVP_PKEY *signing = issuer != NULL ? issuer->key : made.key;
    assert_true(X509_sign(certificate, signing, EVP_sha256()) > 0);
    return made;
}

static inline void
certified_free(struct certified *certified)
{
    EVP_PKEY_free(certified->key);
    X509_free(certified->certificate);
}

static inline void
certificate_write(const struct certified *certified, const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, certified->certificate), 1);
    fclose(file);
}

/* Adds the key, which the owner alone may read then; with a passphrase unless that is NULL. */
static inline void
certificate_add_key(const struct certified *certified, const char *passphrase, const char *path)
{
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    assert_int_equal(PEM_write_PKCS8PrivateKey(
                         file, certified->key, passphrase != NULL ? EVP_aes_256_cbc() : NULL,
                         passphrase, passphrase != NULL ? (int)strlen(passphrase) : 0, NULL, NULL),
                     1);
    fclose(file);
}

#endif
