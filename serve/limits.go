package serve

import "time"

// Limits bound what a client may ask for and how long it may take. The zero
// value of a field is its default.
type Limits struct {
	Body        int64         // bytes of a request's body; 32 MiB
	LargeBodies int           // bodies over 1 MiB in memory at a time, others wait; 4
	Header      int           // bytes of a request's header; 64 KiB
	Image       int64         // bytes of an image that is fetched; 20 MiB
	Images      int           // images in a request; 32
	Depth       int           // nesting of the JSON body; 64
	Members     int           // names in one object of the JSON body; 8192
	Messages    int           // messages of a conversation; 2048
	Parts       int           // parts of one message; 256
	Tools       int           // tools of a request; 128
	Schema      int           // bytes of one JSON Schema, pattern or grammar; 256 KiB
	Choices     int           // n; 16
	Inputs      int           // texts of an embeddings request, prompts of a completion; 2048
	LogitBias   int           // entries of logit_bias; 1024
	StopBytes   int           // bytes of one stop string; 1024
	Connections int           // open connections; 1024
	HeaderTime  time.Duration // to send the header; 10 s
	BodyTime    time.Duration // to send the body; 60 s
	IdleTime    time.Duration // a connection without a request; 120 s
	WriteTime   time.Duration // a client that does not read; 30 s for each piece
	KeepAlive   time.Duration // silence of a stream until a comment is sent; 5 s
}

func (l Limits) withDefaults() Limits {
	orInt := func(p *int, n int) {
		if *p == 0 {
			*p = n
		}
	}
	orBytes := func(p *int64, n int64) {
		if *p == 0 {
			*p = n
		}
	}
	orTime := func(p *time.Duration, d time.Duration) {
		if *p == 0 {
			*p = d
		}
	}
	orBytes(&l.Body, 32<<20)
	orBytes(&l.Image, ImageLimits().Bytes)
	orInt(&l.Header, 64<<10)
	orInt(&l.Images, 32)
	orInt(&l.Depth, 64)
	orInt(&l.LargeBodies, 4)
	orInt(&l.Members, 8192)
	orInt(&l.Messages, 2048)
	orInt(&l.Parts, 256)
	orInt(&l.Tools, 128)
	orInt(&l.Schema, 256<<10)
	orInt(&l.Choices, 16)
	orInt(&l.Inputs, 2048)
	orInt(&l.LogitBias, 1024)
	orInt(&l.StopBytes, 1024)
	orInt(&l.Connections, 1024)
	orTime(&l.HeaderTime, 10*time.Second)
	orTime(&l.BodyTime, time.Minute)
	orTime(&l.IdleTime, 2*time.Minute)
	orTime(&l.WriteTime, 30*time.Second)
	orTime(&l.KeepAlive, 5*time.Second)
	return l
}
