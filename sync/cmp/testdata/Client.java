// A device on Bouncy Castle: ir, polling, certConf. Arguments: URL, folder, "signature" or "mac", then for "mac" reference and secret.
// The folder holds ca.pem, and for "signature" device.pem and device.key. It prints one line a step and ends with status 0 if all went well.

import java.io.FileReader;
import java.math.BigInteger;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Date;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.cmp.CertRepMessage;
import org.bouncycastle.asn1.cmp.CertResponse;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.PollRepContent;
import org.bouncycastle.asn1.cmp.PollReqContent;
import org.bouncycastle.asn1.crmf.CertReqMessages;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.cmp.CertificateConfirmationContent;
import org.bouncycastle.cert.cmp.CertificateConfirmationContentBuilder;
import org.bouncycastle.cert.cmp.GeneralPKIMessage;
import org.bouncycastle.cert.cmp.ProtectedPKIMessage;
import org.bouncycastle.cert.cmp.ProtectedPKIMessageBuilder;
import org.bouncycastle.cert.crmf.CertificateRequestMessageBuilder;
import org.bouncycastle.cert.crmf.PKMACBuilder;
import org.bouncycastle.cert.crmf.jcajce.JcePKMACValuesCalculator;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

public class Client {
    static final SecureRandom random = new SecureRandom();
    final String url;
    final byte[] transaction = octets();
    byte[] peerNonce;
    GeneralName self, centre;
    X509CertificateHolder own, ca;
    PrivateKey ownKey;
    byte[] reference;
    char[] secret;

    static byte[] octets() {
        byte[] b = new byte[16];
        random.nextBytes(b);
        return b;
    }

    static Object pem(String file) throws Exception {
        try (PEMParser parser = new PEMParser(new FileReader(file))) {
            return parser.readObject();
        }
    }

    Client(String[] a) throws Exception {
        url = a[0];
        ca = (X509CertificateHolder) pem(a[1] + "/ca.pem");
        centre = new GeneralName(ca.getSubject());
        if (a[2].equals("mac")) {
            reference = a[3].getBytes(StandardCharsets.UTF_8);
            secret = a[4].toCharArray();
            self = new GeneralName(new X500Name("CN=" + a[3]));
            return;
        }
        own = (X509CertificateHolder) pem(a[1] + "/device.pem");
        self = new GeneralName(own.getSubject());
        ownKey = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(((PrivateKeyInfo) pem(a[1] + "/device.key")).getEncoded()));
    }

    PKIMessage exchange(PKIBody body) throws Exception {
        byte[] nonce = octets();
        ProtectedPKIMessageBuilder b = new ProtectedPKIMessageBuilder(self, centre).setTransactionID(transaction).setSenderNonce(nonce).setMessageTime(new Date()).setBody(body);
        if (peerNonce != null) {
            b.setRecipNonce(peerNonce);
        }
        ProtectedPKIMessage out;
        PKMACBuilder mac = new PKMACBuilder(new JcePKMACValuesCalculator());
        if (secret != null) {
            out = b.setSenderKID(reference).build(mac.build(secret));
        } else {
            out = b.addCMPCertificate(own).build(new JcaContentSignerBuilder("SHA256withECDSA").build(ownKey));
        }
        HttpURLConnection c = (HttpURLConnection) new URL(url).openConnection();
        c.setDoOutput(true);
        c.setRequestProperty("Content-Type", "application/pkixcmp");
        c.getOutputStream().write(out.toASN1Structure().getEncoded());
        PKIMessage in = PKIMessage.getInstance(c.getInputStream().readAllBytes());
        ProtectedPKIMessage protectedIn = new ProtectedPKIMessage(new GeneralPKIMessage(in));
        boolean good = secret != null ? protectedIn.verify(mac, secret) : protectedIn.verify(new JcaContentVerifierProviderBuilder().build(ca));
        if (!good) {
            throw new Exception("the answer's protection does not verify");
        }
        if (!Arrays.equals(in.getHeader().getTransactionID().getOctets(), transaction) || !Arrays.equals(in.getHeader().getRecipNonce().getOctets(), nonce)) {
            throw new Exception("the answer is another message's");
        }
        peerNonce = in.getHeader().getSenderNonce().getOctets();
        return in;
    }

    void enrol() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair pair = generator.generateKeyPair();
        CertificateRequestMessageBuilder request = new CertificateRequestMessageBuilder(BigInteger.ZERO);
        request.setSubject(new X500Name("CN=Сынақ,C=KZ")).setPublicKey(SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()))
            .setProofOfPossessionSigningKeySigner(new JcaContentSignerBuilder("SHA256withRSA").build(pair.getPrivate()));
        PKIMessage in = exchange(new PKIBody(PKIBody.TYPE_INIT_REQ, new CertReqMessages(request.build().toASN1Structure())));
        System.out.println("ir: " + in.getBody().getType());
        while (in.getBody().getType() == PKIBody.TYPE_POLL_REP || response(in).getStatus().getStatus().intValue() == 3) {
            if (in.getBody().getType() == PKIBody.TYPE_POLL_REP) {
                System.out.println("waiting");
                Thread.sleep(1000L * ((PollRepContent) in.getBody().getContent()).getCheckAfter(0).intValueExact());
            }
            in = exchange(new PKIBody(PKIBody.TYPE_POLL_REQ, new PollReqContent(new ASN1Integer(0))));
        }
        CertResponse answer = response(in);
        X509CertificateHolder cert = new X509CertificateHolder(answer.getCertifiedKeyPair().getCertOrEncCert().getCertificate().getX509v3PKCert());
        if (!cert.isSignatureValid(new JcaContentVerifierProviderBuilder().build(ca))) {
            throw new Exception("the certificate does not verify");
        }
        System.out.println("issued");
        CertificateConfirmationContent confirmation = new CertificateConfirmationContentBuilder().addAcceptedCertificate(cert, BigInteger.ZERO).build(new JcaDigestCalculatorProviderBuilder().build());
        in = exchange(new PKIBody(PKIBody.TYPE_CERT_CONFIRM, confirmation.toASN1Structure()));
        if (in.getBody().getType() != PKIBody.TYPE_CONFIRM) {
            throw new Exception("certConf answered by " + in.getBody().getType());
        }
        System.out.println("confirmed");
    }

    static CertResponse response(PKIMessage in) throws Exception {
        if (in.getBody().getType() != PKIBody.TYPE_INIT_REP) {
            throw new Exception("ir answered by " + in.getBody().getType());
        }
        return CertRepMessage.getInstance(in.getBody().getContent()).getResponse()[0];
    }

    public static void main(String[] a) throws Exception {
        new Client(a).enrol();
    }
}
