#!/bin/sh
# Makes every clip of this folder from text, with espeak-ng, festival, flite and
# sox: 8 kHz mono mu-law in the telephone band, edges trimmed, peak at -8 dBFS.
# A clip's name is language-use-voice.wav. Levels, line noise and codecs are
# varied when a clip is played, so that no two callees sound alike.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# telephone IN OUT: from any WAV to a clip.
telephone() {
	sox "$1" -r 8000 -c 1 -b 8 -e mu-law "$2" \
		highpass 300 lowpass 3400 \
		silence 1 0.01 0.4% reverse silence 1 0.01 0.4% reverse \
		norm -8 fade t 0.005
}

# espeak NAME VOICE PITCH SPEED TEXT
espeak() {
	espeak-ng -v "$2" -p "$3" -s "$4" -w "$tmp/x.wav" "$5"
	telephone "$tmp/x.wav" "$1.wav"
}

# flit NAME VOICE STRETCH TEXT
flit() {
	flite -voice "$2" --setf duration_stretch="$3" -t "$4" -o "$tmp/x.wav"
	telephone "$tmp/x.wav" "$1.wav"
}

# fest NAME TEXT
fest() {
	echo "$2" | text2wave -o "$tmp/x.wav"
	telephone "$tmp/x.wav" "$1.wav"
}

rm -f ./*.wav

# People who say one word.
flit   en-hello-slt      slt 1.0 'Hello?'
flit   en-hello-rms      rms 1.0 'Hello?'
flit   en-hello-awb      awb 1.1 'Hello.'
flit   en-hello-kal      kal 0.9 'Yes?'
fest   en-hello-diphone  'Hello?'
espeak en-hello-anna     en-us+f2 60 160 'Hello?'
espeak en-hello-bert     en-gb+m3 35 150 'Hello!'
espeak en-hello-fiona    en-gb-scotland+f4 55 170 'Yes, hello?'
espeak ro-hello-ana      ro+f2 60 150 'Alo?'
espeak ro-hello-ion      ro+m3 35 140 'Da?'
espeak ro-hello-maria    ro+f4 70 165 'Alo, da?'
espeak ro-hello-radu     ro+m7 25 150 'Da, alo.'
espeak ro-hello-vlad     ro 45 170 'Alo!'
espeak ro-hello-elena    ro+f5 50 140 'Poftiți?'

# People who say a short phrase.
flit   en-phrase-slt     slt 1.0 'Hello, this is Susan.'
flit   en-phrase-rms     rms 0.95 'Peter Brown speaking.'
flit   en-phrase-awb     awb 1.0 'Hello, who is this?'
fest   en-phrase-diphone 'Yes, Miller here.'
espeak en-phrase-anna    en-us+f2 60 165 'Hi, this is Anna.'
espeak en-phrase-bert    en-gb+m3 35 155 'Good morning, Bert Jones.'
espeak ro-phrase-ana     ro+f2 60 155 'Alo, Ana la telefon.'
espeak ro-phrase-ion     ro+m3 35 150 'Da, bună ziua, Ionescu.'
espeak ro-phrase-maria   ro+f4 70 160 'Alo, cine este?'
espeak ro-phrase-radu    ro+m7 25 155 'Radu Popa, vă ascult.'

# Businesses: a person, but a long greeting.
flit   en-business-slt   slt 0.95 'Good morning, Green Valley Dental, this is Susan, how may I help you?'
flit   en-business-rms   rms 0.9 'Thank you for calling Miller and Sons, Peter speaking, what can I do for you?'
espeak en-business-anna  en-us+f2 60 170 'Riverside Hotel reception, Anna speaking, good afternoon, how can I help?'
espeak ro-business-ana   ro+f2 60 165 'Bună ziua, cabinet stomatologic Zâmbet, Ana la telefon, cu ce vă pot ajuta?'
espeak ro-business-ion   ro+m3 35 165 'Bună ziua, ați sunat la Autoservice Popescu, vă ascult.'

# Machines with two seconds to say.
flit   en-short-slt      slt 0.95 'Please leave a message after the tone.'
flit   en-short-rms      rms 0.95 'We are out. Leave a message.'
espeak en-short-bert     en-gb+m3 35 165 'This is Bert, leave a message.'
espeak ro-short-ana      ro+f2 60 165 'Lăsați un mesaj după semnal.'
espeak ro-short-radu     ro+m7 30 160 'Nu sunt acasă, lăsați un mesaj.'

# Machines that go on.
flit   en-long-slt       slt 1.0 'Hello, you have reached the Millers. We cannot come to the phone right now. Please leave your name and number after the tone, and we will call you back.'
flit   en-long-awb       awb 1.0 'Hello. This is the voicemail of John Smith. I am not available at the moment. Please leave a message after the beep.'
fest   en-long-diphone   'The person you are calling is not available. At the tone, please record your message. When you have finished, you may hang up.'
espeak en-long-fiona     en-gb-scotland+f4 55 165 'Hi! You have reached Fiona. I cannot take your call just now, so leave me a message and I will ring you back. Bye!'
espeak ro-long-maria     ro+f4 65 155 'Bună ziua. Ați sunat la familia Popescu. Momentan nu putem răspunde. Vă rugăm să lăsați un mesaj după semnalul sonor.'
espeak ro-long-vlad      ro 45 155 'Abonatul apelat nu este disponibil în acest moment. Vă rugăm lăsați un mesaj după ton. Mulțumim.'

# The network speaks, after special information tones.
flit   en-announce-slt   slt 1.0 'The number you have dialed is not in service. Please check the number and try again.'
espeak ro-announce-elena ro+f5 50 150 'Numărul apelat nu este alocat. Vă rugăm să verificați numărul.'

# Customers in conversation.
flit   en-talk-slt       slt 1.0 'Well, I would have to ask my husband.'
flit   en-talk-rms       rms 1.0 'And how much does it cost?'
flit   en-talk-awb       awb 1.0 'Yes, that is right.'
fest   en-talk-diphone   'Could you say that again?'
espeak en-talk-anna      en-us+f2 60 165 'No, I did not know that.'
espeak en-talk-bert      en-gb+m3 35 155 'I see. Go on.'
espeak ro-talk-ana       ro+f2 60 155 'Trebuie să întreb acasă.'
espeak ro-talk-ion       ro+m3 35 150 'Și cât costă?'
espeak ro-talk-maria     ro+f4 70 160 'Da, sigur.'
espeak ro-talk-radu      ro+m7 25 155 'Nu știam asta.'

# Operators.
flit   en-operator-slt   slt 0.95 'Good day, my name is Susan, do you have a minute?'
flit   en-operator-rms   rms 0.95 'Let me explain what we offer.'
espeak en-operator-anna  en-us+f2 60 170 'Thank you, and have a nice day.'
espeak ro-operator-ana   ro+f2 60 165 'Bună ziua, mă numesc Ana, aveți un minut?'
espeak ro-operator-ion   ro+m3 35 165 'Să vă spun pe scurt despre ofertă.'
espeak ro-operator-elena ro+f5 50 160 'Mulțumesc, o zi bună.'

# What an abandoned person hears.
flit   en-abandoned-slt  slt 0.95 'This is a call from Example Services. Sorry, nobody was free to talk to you. You will not be called again today.'
espeak ro-abandoned-ana  ro+f2 55 160 'Acesta este un apel de la Exemplu Servicii. Ne pare rău, nimeni nu a fost liber. Nu veți mai fi sunat astăzi.'
