package lab

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"

	"apel/media"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// TestACallOverRealSockets is a smoke test of every transport; all else runs in
// memory.
func TestACallOverRealSockets(t *testing.T) {
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			quick := person(func(p *Persona) { p.Ring, p.HangUpAt = 100*time.Millisecond, time.Second })
			carrier, err := StartCarrier(t.Context(), CarrierConfig{Addr: "127.0.0.1:0", Transport: transport,
				TLS: selfSigned(t), Persona: func(string, int) Persona { return quick }})
			if err != nil {
				t.Fatal(err)
			}
			defer carrier.Close()
			heard := callOnce(t, transport, carrier)
			if s := carrier.Seen()[0]; s.EndedBy != "callee" || len(s.Violations) > 0 || s.Acked.IsZero() {
				t.Errorf("seen %+v", s)
			}
			if heard < 10 {
				t.Errorf("%d packets heard", heard)
			}
		})
	}
}

// callOnce calls until the callee hangs up; it gives the packets that arrived.
func callOnce(t *testing.T, transport string, carrier *Carrier) uint64 {
	ua, err := sipgo.NewUA(sipgo.WithUserAgenTLSConfig(&tls.Config{InsecureSkipVerify: true}))
	if err != nil {
		t.Fatal(err)
	}
	defer ua.Close()
	srv, err := sipgo.NewServer(ua)
	if err != nil {
		t.Fatal(err)
	}
	client, err := sipgo.NewClient(ua, sipgo.WithClientHostname("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	byes := make(chan bool, 1)
	srv.OnBye(func(req *sip.Request, tx sip.ServerTransaction) {
		tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil))
		byes <- true
	})
	contact := "<sip:dialer@127.0.0.1:5060;transport=" + transport + ">"
	if transport == "udp" {
		pc, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer pc.Close()
		go srv.ServeUDP(pc)
		contact = "<sip:dialer@" + pc.LocalAddr().String() + ">"
	}
	rtp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newStream(rtp, testRand(), &noise{})
	s.listen()
	defer s.close()
	req := sip.NewRequest(sip.INVITE, sip.Uri{User: "1", Host: "127.0.0.1", Port: int(carrier.Addr().Port())})
	req.SetTransport(map[string]string{"udp": "UDP", "tcp": "TCP", "tls": "TLS"}[transport])
	req.AppendHeader(sip.NewHeader("Contact", contact))
	req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	req.SetBody(writeSDP(s.local(), []media.Codec{media.PCMU}, 0, "sendrecv", 1))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	res, err := client.Do(ctx, req)
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	ack := sip.NewRequest(sip.ACK, res.Contact().Address)
	ack.SetTransport(req.Transport())
	ack.AppendHeader(sip.HeaderClone(req.From()))
	ack.AppendHeader(sip.HeaderClone(res.To()))
	ack.AppendHeader(sip.HeaderClone(req.CallID()))
	ack.AppendHeader(&sip.CSeqHeader{SeqNo: req.CSeq().SeqNo, MethodName: sip.ACK})
	if err := client.WriteRequest(ack); err != nil {
		t.Fatal(err)
	}
	select {
	case <-byes:
	case <-ctx.Done():
		t.Fatal("no BYE")
	}
	return s.received.Load()
}

func selfSigned(t *testing.T) *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}
