package campaign

import (
	"html"
	"regexp"
	"strings"
)

var (
	field  = regexp.MustCompile(`\{\{\s*([\pL0-9_ .-]{1,60}?)\s*\}\}`)
	strong = regexp.MustCompile(`\*\*(\S(?:[^*]*\S)?)\*\*`)
	soft   = regexp.MustCompile(`\*(\S(?:[^*]*\S)?)\*`)
	listed = regexp.MustCompile(`^(?:[-*]|\d+[.)])\s+`)
)

// fieldsOf are the words of the contact in a text, in the order in which they come.
func fieldsOf(text string) []string {
	var names []string
	for _, m := range field.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

// Markdown makes HTML of a script's text: paragraphs, lists, headings, **bold**
// and *soft*. Every sign that means something in HTML is escaped first, in the
// text as in the contact's words that take the place of {{field}}, so that
// nothing but our own tags can come out. A field that is empty is shown as a gap.
func Markdown(text string, contact map[string]string) string {
	var b strings.Builder
	for block := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if block = strings.Trim(block, "\n"); block != "" {
			writeBlock(&b, strings.Split(block, "\n"), contact)
		}
	}
	return b.String()
}

// tags are ours, in what Markdown makes; those within a line apart.
var inlineTag, tag = regexp.MustCompile(`</?(?:strong|em|span)[^>]*>`), regexp.MustCompile(`<[^>]*>`)

// Plain is a script's text as Markdown shows it, as words on one line.
func Plain(text string, contact map[string]string) string {
	marked := inlineTag.ReplaceAllString(Markdown(text, contact), "")
	return oneLineOf(html.UnescapeString(tag.ReplaceAllString(marked, " ")))
}

func writeBlock(b *strings.Builder, lines []string, contact map[string]string) {
	open := "" // the tag that is to be closed
	shut := func() {
		if open != "" {
			b.WriteString("</" + open + ">\n")
		}
		open = ""
	}
	for _, line := range lines {
		line = strings.TrimSpace(line)
		title := strings.TrimLeft(line, "#")
		switch mark := listed.FindString(line); {
		case len(title) < len(line) && strings.HasPrefix(title, " "):
			shut()
			b.WriteString("<h4>" + inline(strings.TrimSpace(title), contact) + "</h4>\n")
		case mark != "":
			tag := "ul"
			if mark[0] >= '0' && mark[0] <= '9' {
				tag = "ol"
			}
			if open != tag {
				shut()
				b.WriteString("<" + tag + ">")
				open = tag
			}
			b.WriteString("<li>" + inline(line[len(mark):], contact) + "</li>")
		case open == "p":
			b.WriteString("<br>" + inline(line, contact))
		default:
			shut()
			b.WriteString("<p>" + inline(line, contact))
			open = "p"
		}
	}
	shut()
}

// inline marks up a line. The contact's words go in last: no sign of theirs is
// taken for a mark.
func inline(line string, contact map[string]string) string {
	line = html.EscapeString(line)
	line = strong.ReplaceAllString(line, "<strong>$1</strong>")
	line = soft.ReplaceAllString(line, "<em>$1</em>")
	return field.ReplaceAllStringFunc(line, func(m string) string {
		v := contact[field.FindStringSubmatch(m)[1]]
		if v == "" {
			return `<span class="gap">…</span>`
		}
		return `<span class="field">` + html.EscapeString(v) + `</span>`
	})
}
