import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.PBEParameterSpec;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.BEROctetString;
import org.bouncycastle.asn1.DERBMPString;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.AuthenticatedSafe;
import org.bouncycastle.asn1.pkcs.CertBag;
import org.bouncycastle.asn1.pkcs.ContentInfo;
import org.bouncycastle.asn1.pkcs.EncryptedData;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.MacData;
import org.bouncycastle.asn1.pkcs.PKCS12PBEParams;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.Pfx;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.SafeBag;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.DigestInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.InputDecryptorProvider;
import org.bouncycastle.pkcs.PKCS12PfxPdu;
import org.bouncycastle.pkcs.PKCS12SafeBag;
import org.bouncycastle.pkcs.PKCS12SafeBagFactory;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.pkcs.jcajce.JcePKCS12MacCalculatorBuilderProvider;
import org.bouncycastle.pkcs.jcajce.JcePKCSPBEInputDecryptorProviderBuilder;
import org.bouncycastle.util.encoders.Hex;

/**
 * KeyFile writes and reads key files with Bouncy Castle, from which the authority's own library was made.
 * The password comes in the environment.
 *
 *   authority KEY CERTIFICATE IDENTIFIER ITERATIONS FILE   the authority's dialect, built as its keystore builds it
 *   keystore  KEY CERTIFICATE IDENTIFIER ALGORITHM FILE    Bouncy Castle's own keystore
 *   read      FILE                                         says what the container holds, one thing a line
 *   load      FILE                                         opens it as a keystore and says its aliases
 */
public class KeyFile {
    static final char[] PASSWORD = System.getenv("PASSWORD").toCharArray();

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        switch (args[0]) {
            case "authority":
                Files.write(Path.of(args[5]), authority(bytes(args[1]), bytes(args[2]), args[3], Integer.parseInt(args[4])));
                break;
            case "keystore":
                keystore(args);
                break;
            case "read":
                read(bytes(args[1]));
                break;
            case "load":
                load(args[1]);
                break;
            default:
                throw new IllegalArgumentException(args[0]);
        }
    }

    static byte[] bytes(String path) throws Exception {
        return Files.readAllBytes(Path.of(path));
    }

    static byte[] authority(byte[] key, byte[] certificate, String id, int iterations) throws Exception {
        byte[] salt = salt();
        EncryptedPrivateKeyInfo shrouded = new EncryptedPrivateKeyInfo(
            new AlgorithmIdentifier(PKCSObjectIdentifiers.pbeWithSHAAnd3_KeyTripleDES_CBC, new PKCS12PBEParams(salt, iterations)),
            seal("PBEWithSHAAnd3-KeyTripleDES-CBC", salt, iterations, key));
        SafeBag keyBag = new SafeBag(PKCSObjectIdentifiers.pkcs8ShroudedKeyBag, shrouded.toASN1Primitive(), attributes(id));
        SafeBag certBag = new SafeBag(PKCSObjectIdentifiers.certBag,
            new CertBag(PKCSObjectIdentifiers.x509Certificate, new DEROctetString(certificate)).toASN1Primitive(), attributes(id));
        salt = salt();
        EncryptedData sealed = new EncryptedData(PKCSObjectIdentifiers.data,
            new AlgorithmIdentifier(PKCSObjectIdentifiers.pbeWithSHAAnd40BitRC2_CBC, new PKCS12PBEParams(salt, iterations)),
            new BEROctetString(seal("PBEWithSHAAnd40BitRC2-CBC", salt, iterations, new DERSequence(certBag).getEncoded(ASN1Encoding.DER))));
        ContentInfo[] parts = {
            new ContentInfo(PKCSObjectIdentifiers.data, new BEROctetString(new DERSequence(keyBag).getEncoded(ASN1Encoding.DER))),
            new ContentInfo(PKCSObjectIdentifiers.encryptedData, sealed),
        };
        byte[] content = new AuthenticatedSafe(parts).getEncoded(ASN1Encoding.BER);
        salt = salt();
        Mac mac = Mac.getInstance("PBEWithHmacSHA1", "BC");
        mac.init(SecretKeyFactory.getInstance("PBEWithHmacSHA1", "BC").generateSecret(new PBEKeySpec(PASSWORD)), new PBEParameterSpec(salt, iterations));
        MacData data = new MacData(new DigestInfo(new AlgorithmIdentifier(OIWObjectIdentifiers.idSHA1, DERNull.INSTANCE), mac.doFinal(content)), salt, iterations);
        return new Pfx(new ContentInfo(PKCSObjectIdentifiers.data, new DEROctetString(content)), data).getEncoded(ASN1Encoding.DER);
    }

    static byte[] seal(String cipher, byte[] salt, int iterations, byte[] plain) throws Exception {
        Cipher c = Cipher.getInstance(cipher, "BC");
        c.init(Cipher.ENCRYPT_MODE, SecretKeyFactory.getInstance(cipher, "BC").generateSecret(new PBEKeySpec(PASSWORD)), new PBEParameterSpec(salt, iterations));
        return c.doFinal(plain);
    }

    static byte[] salt() {
        byte[] salt = new byte[20];
        new SecureRandom().nextBytes(salt);
        return salt;
    }

    static DERSet attributes(String id) {
        return new DERSet(new ASN1Encodable[] {
            attribute(PKCSObjectIdentifiers.pkcs_9_at_localKeyId, new DEROctetString(Hex.decode(id))),
            attribute(PKCSObjectIdentifiers.pkcs_9_at_friendlyName, new DERBMPString(id)),
        });
    }

    static DERSequence attribute(ASN1ObjectIdentifier type, ASN1Encodable value) {
        ASN1EncodableVector v = new ASN1EncodableVector();
        v.add(type);
        v.add(new DERSet(value));
        return new DERSequence(v);
    }

    static void keystore(String[] args) throws Exception {
        PrivateKey key = KeyFactory.getInstance("RSA", "BC").generatePrivate(new PKCS8EncodedKeySpec(bytes(args[1])));
        Certificate certificate = CertificateFactory.getInstance("X.509", "BC").generateCertificate(Files.newInputStream(Path.of(args[2])));
        KeyStore store = KeyStore.getInstance(args[4], "BC");
        store.load(null, null);
        store.setKeyEntry(args[3], key, null, new Certificate[] {certificate});
        try (OutputStream out = Files.newOutputStream(Path.of(args[5]))) {
            store.store(out, PASSWORD);
        }
    }

    static void load(String path) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12", "BC");
        store.load(Files.newInputStream(Path.of(path)), PASSWORD);
        for (String alias : java.util.Collections.list(store.aliases())) {
            System.out.println("alias " + alias + " key " + store.isKeyEntry(alias) + " " + store.getKey(alias, PASSWORD).getAlgorithm()
                + " chain " + store.getCertificateChain(alias).length);
        }
    }

    static void read(byte[] file) throws Exception {
        PKCS12PfxPdu pfx = new PKCS12PfxPdu(file);
        System.out.println("mac " + pfx.isMacValid(new JcePKCS12MacCalculatorBuilderProvider().setProvider("BC"), PASSWORD));
        InputDecryptorProvider opener = new JcePKCSPBEInputDecryptorProviderBuilder().setProvider("BC").build(PASSWORD);
        for (var info : pfx.getContentInfos()) {
            boolean sealed = info.getContentType().equals(PKCSObjectIdentifiers.encryptedData);
            PKCS12SafeBagFactory bags = sealed ? new PKCS12SafeBagFactory(info, opener) : new PKCS12SafeBagFactory(info);
            for (PKCS12SafeBag bag : bags.getSafeBags()) {
                Object value = bag.getBagValue();
                if (value instanceof X509CertificateHolder) {
                    System.out.println("certificate " + hash(((X509CertificateHolder) value).getEncoded()) + names(bag));
                } else if (value instanceof PKCS8EncryptedPrivateKeyInfo) {
                    PrivateKeyInfo key = ((PKCS8EncryptedPrivateKeyInfo) value).decryptPrivateKeyInfo(opener);
                    System.out.println("key " + key.getPrivateKeyAlgorithm().getAlgorithm() + " " + hash(key.getEncoded(ASN1Encoding.DER)) + names(bag));
                } else {
                    System.out.println("other " + bag.getType());
                }
            }
        }
    }

    static String names(PKCS12SafeBag bag) {
        StringBuilder out = new StringBuilder();
        for (var attribute : bag.getAttributes()) {
            ASN1Encodable value = attribute.getAttributeValues()[0];
            if (value instanceof DERBMPString) {
                out.append(" name ").append(((DERBMPString) value).getString());
            } else if (value instanceof org.bouncycastle.asn1.ASN1OctetString) {
                out.append(" id ").append(Hex.toHexString(((org.bouncycastle.asn1.ASN1OctetString) value).getOctets()));
            }
        }
        return out.toString();
    }

    static String hash(byte[] data) throws Exception {
        return Hex.toHexString(MessageDigest.getInstance("SHA-256").digest(data));
    }
}
