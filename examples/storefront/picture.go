package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

// picture is a payment's timeline, drawn from top to bottom: what is owed on the left, and a lane for each session to the right of it.
type picture struct {
	Width, Height int
	TextX         int
	Lanes         []lane
	Marks         []mark
}

// lane is the life of a session.
type lane struct {
	Tone string // which of the colors
	Path string
}

// mark is something that happened.
type mark struct {
	X, Y  int
	Tone  string // good, bad, wait, money or plain
	Glyph string // the path of its sign, so that color is not all that tells
	Lane  string
	Title string
	Time  string
	ISO   string
	Lines []textLine
	Text  string
	More  []string // details, for staff
}

// textLine is one line of text.
type textLine struct {
	Y    int
	Text string
}

const (
	pictureWidth = 310
	laneWidth    = 22
	firstLane    = 12
	lineHeight   = 17
	markGap      = 16
)

// draw makes a picture of a timeline. Shoppers see events alone; staff see calls, messages and details too.
func draw(t *payment.Timeline, staff bool) *picture {
	column, name := map[string]int{}, map[string]string{}
	for _, e := range t.Entries { // sessions that nothing tells of have no lane
		if e.SessionID != "" && column[e.SessionID] == 0 && (staff || headline(e.Kind) != "") {
			column[e.SessionID] = len(column) + 1
		}
	}
	for _, x := range t.Sessions {
		name[x.Session.ID] = title(x.Session.ProviderID)
	}
	p := &picture{Width: pictureWidth, TextX: firstLane + len(column)*laneWidth + 18}
	first, last := map[int]int{}, map[int]int{}
	y := 14
	for _, e := range t.Entries {
		if headline(e.Kind) == "" && !staff {
			continue
		}
		at := column[e.SessionID]
		m := mark{X: firstLane + at*laneWidth, Y: y, Lane: name[e.SessionID], Title: headline(e.Kind), Text: words(e), More: e.Details,
			Time: e.At.Local().Format("15:04:05"), ISO: e.At.Format(time.RFC3339)}
		if m.Title == "" {
			m.Title = sentence(strings.ReplaceAll(e.Kind, ".", ": "))
		}
		m.Tone, m.Glyph = look(payment.EventKind(e.Kind))
		for _, text := range wrap(m.Text, (pictureWidth-p.TextX)*10/68) {
			y += lineHeight
			m.Lines = append(m.Lines, textLine{y, text})
		}
		p.Marks = append(p.Marks, m)
		if first[at] == 0 {
			first[at] = m.Y
		}
		last[at] = m.Y
		y += lineHeight + markGap
	}
	p.Height = y - markGap
	p.lanes(column, first, last)
	return p
}

// lanes draws the lines: the first from the first mark to the last, and each session's as it leaves it.
func (p *picture) lanes(column map[string]int, first, last map[int]int) {
	for at := range len(column) + 1 {
		if first[at] == 0 {
			continue
		}
		x := firstLane + at*laneWidth
		if at == 0 {
			bottom := last[0]
			for _, y := range first {
				bottom = max(bottom, y-30)
			}
			p.Lanes = append(p.Lanes, lane{"lane0", path("M", x, first[0], "V", bottom)})
			continue
		}
		from := first[at] - 30
		p.Lanes = append(p.Lanes, lane{"lane" + string(rune('1'+(at-1)%4)),
			path("M", firstLane, from, "C", firstLane, from+22, x, from+8, x, first[at], "V", last[at])})
	}
	slices.Reverse(p.Lanes) // the first lies on top
}

// words is what a shopper reads about an event: our own words, and never a gateway's.
func words(e payment.TimelineEntry) string {
	if e.Kind == "webhook" { // it begins with a name
		return e.Text
	}
	if payment.EventKind(e.Kind) == payment.EventSessionDeclined {
		_, code, _ := strings.Cut(e.Text, ": ")
		return reason(strings.Trim(code, `"`))
	}
	return sentence(e.Text)
}

// look is how a mark looks.
func look(kind payment.EventKind) (tone, glyph string) {
	const (
		check = "M-3.5 0 L-1 2.7 L3.7 -2.7"
		cross = "M-2.8 -2.8 L2.8 2.8 M2.8 -2.8 L-2.8 2.8"
		dots  = "M-3.4 0 h.1 M0 0 h.1 M3.4 0 h.1"
		down  = "M0 -3.4 V3.2 M-3 .4 L0 3.4 L3 .4"
		up    = "M0 3.4 V-3.2 M-3 -.4 L0 -3.4 L3 -.4"
	)
	switch kind {
	case payment.EventPaymentAuthorized, payment.EventCollectionCompleted:
		return "good", check
	case payment.EventCaptureSucceeded:
		return "money", down
	case payment.EventRefundSucceeded:
		return "back", up
	case payment.EventSessionDeclined, payment.EventCaptureFailed, payment.EventRefundFailed, payment.EventRefundReturned,
		payment.EventOperationNeedsAttention:
		return "bad", cross
	case payment.EventSessionRequiresMore, payment.EventSessionProcessing, payment.EventCapturePending, payment.EventRefundPending:
		return "wait", dots
	case payment.EventSessionCanceled, payment.EventPaymentCanceled, payment.EventPaymentReleased:
		return "plain", cross
	}
	return "plain", ""
}

// wrap breaks text into lines of at most so many letters, where it has spaces.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// path writes the commands of a path.
func path(parts ...any) string {
	words := make([]string, len(parts))
	for i, p := range parts {
		words[i] = fmt.Sprint(p)
	}
	return strings.Join(words, " ")
}
