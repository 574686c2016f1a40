// Servers on goroutines, one processor. Usage: KIND PORT; serves until it is killed. KIND is echo or http.
package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
)

func echo(connection net.Conn) {
	defer connection.Close()
	bytes := make([]byte, 4096)
	for {
		count, err := connection.Read(bytes)
		if err != nil {
			return
		}
		if _, err := connection.Write(bytes[:count]); err != nil {
			return
		}
	}
}

func serveEcho(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go echo(connection) // Go sets TCP_NODELAY itself
	}
}

func page(out http.ResponseWriter, request *http.Request) {
	if request.URL.Path != "/" {
		http.NotFound(out, request)
		return
	}
	out.Header().Set("Content-Type", "text/plain")
	io.WriteString(out, "Hello, world!\n")
}

func main() {
	runtime.GOMAXPROCS(1)
	address := "127.0.0.1:" + os.Args[2]
	switch os.Args[1] {
	case "echo":
		log.Fatal(serveEcho(address))
	case "http":
		log.Fatal(http.ListenAndServe(address, http.HandlerFunc(page)))
	default:
		log.Fatal("no such kind: ", os.Args[1])
	}
}
