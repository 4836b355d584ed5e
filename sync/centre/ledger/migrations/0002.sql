-- Which CA of the authority signed a certificate: serial numbers and revocation lists are each CA's own (RFC 5280
-- §4.1.2.2, §5). What was written before there was a second CA is the RSA one's.
ALTER TABLE certificates ADD COLUMN issuer TEXT NOT NULL DEFAULT 'rsa' CHECK (issuer IN ('rsa', 'gost'));
CREATE INDEX certificates_revoked_by_issuer ON certificates (issuer, revoked_at);

-- A GOST certificate's serial number is the identifier of its key, so a key has one certificate in its life.
CREATE UNIQUE INDEX certificates_one_for_a_gost_key ON certificates (spki_sha256) WHERE issuer = 'gost';
