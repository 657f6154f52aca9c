package media

import (
	"net"
	"net/netip"
	"sync/atomic"
)

// socket is the narrow way to the network: addresses as values, so that
// nothing is allocated for a packet.
type socket interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
}

// socketOf finds the fast way into a connection, or goes around by net.Addr.
func socketOf(conn net.PacketConn) socket {
	if p, ok := conn.(*portConn); ok {
		conn = p.PacketConn
	}
	if s, ok := conn.(socket); ok {
		return s
	}
	return &addrSocket{conn: conn}
}

// addrSocket is a socket over a connection that only knows net.Addr.
type addrSocket struct {
	conn net.PacketConn
	last atomic.Pointer[net.UDPAddr] // the last destination, nearly always the next one too
}

func (s *addrSocket) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := s.conn.ReadFrom(b)
	return n, addrPortOf(from), err
}

func (s *addrSocket) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	addr := s.last.Load()
	if addr == nil || addr.AddrPort() != to {
		addr = net.UDPAddrFromAddrPort(to)
		s.last.Store(addr)
	}
	return s.conn.WriteTo(b, addr)
}

// addrPortOf is an address as a value; zero if it is no IP address and port.
func addrPortOf(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case nil:
		return netip.AddrPort{}
	case *net.UDPAddr:
		return plain(a.AddrPort())
	}
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.AddrPort{}
	}
	return plain(ap)
}

// plain takes IPv4 out of its IPv6 clothes, which a dual-stack socket puts on.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
