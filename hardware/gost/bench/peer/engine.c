/*
 * Signs and verifies with OpenSSL's gost engine, so many times as it is told, and says how long that took.
 * Standard input, a line each:
 *   key HEX      PKCS#8 in DER          digest HEX     what is signed
 *   sign N       answers «NANOSECONDS SIGNATURE»
 *   check HEX    takes a signature to be verified      verify N   answers «NANOSECONDS ok»
 * The engine is loaded by the configuration that OPENSSL_CONF names.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/conf.h>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned char key[256], digest[256], signature[256], check[256];
static size_t key_size, digest_size, signature_size, check_size;

static void stop(const char *what) {
	fprintf(stderr, "%s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static size_t unhex(const char *text, unsigned char *out, size_t room) {
	size_t n = 0;
	unsigned int octet;
	while (n < room && sscanf(text + 2 * n, "%2x", &octet) == 1)
		out[n++] = (unsigned char)octet;
	return n;
}

static long long now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(void) {
	char line[1024];
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *signing = NULL, *verifying = NULL;
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_DIGESTS | OPENSSL_INIT_ADD_ALL_CIPHERS, NULL);
	while (fgets(line, sizeof line, stdin) != NULL) {
		char *rest = strchr(line, ' ');
		if (rest == NULL)
			stop("a line without a value");
		*rest++ = 0;
		if (strcmp(line, "key") == 0) {
			const unsigned char *at = key;
			const EVP_MD *md;
			key_size = unhex(rest, key, sizeof key);
			PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)key_size);
			if (info == NULL || (pkey = EVP_PKCS82PKEY(info)) == NULL)
				stop("the key");
			md = EVP_get_digestbyname("md_gost12_512");
			signing = EVP_PKEY_CTX_new(pkey, NULL);
			verifying = EVP_PKEY_CTX_new(pkey, NULL);
			if (md == NULL || signing == NULL || verifying == NULL || EVP_PKEY_sign_init(signing) <= 0 ||
			    EVP_PKEY_CTX_set_signature_md(signing, md) <= 0 || EVP_PKEY_verify_init(verifying) <= 0 ||
			    EVP_PKEY_CTX_set_signature_md(verifying, md) <= 0)
				stop("the contexts");
		} else if (strcmp(line, "digest") == 0) {
			digest_size = unhex(rest, digest, sizeof digest);
		} else if (strcmp(line, "check") == 0) {
			check_size = unhex(rest, check, sizeof check);
		} else if (strcmp(line, "sign") == 0) {
			long i, n = atol(rest);
			long long began = now();
			for (i = 0; i < n; i++) {
				signature_size = sizeof signature;
				if (EVP_PKEY_sign(signing, signature, &signature_size, digest, digest_size) <= 0)
					stop("sign");
			}
			printf("%lld ", now() - began);
			for (i = 0; i < (long)signature_size; i++)
				printf("%02x", signature[i]);
			printf("\n");
		} else if (strcmp(line, "verify") == 0) {
			long i, n = atol(rest);
			long long began = now();
			for (i = 0; i < n; i++)
				if (EVP_PKEY_verify(verifying, check, check_size, digest, digest_size) != 1)
					stop("verify");
			printf("%lld ok\n", now() - began);
		} else
			stop(line);
		fflush(stdout);
	}
	return 0;
}
