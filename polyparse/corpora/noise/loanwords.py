"""English words that Hindi writes in Devanagari, and that its writers in Latin letters spell as English does."""

from collections.abc import Mapping
from unicodedata import normalize

_PAIRS = """
    अपडेट update, अलार्म alarm, ईमेल email, ईवेंट event, इवेंट event, एप app, ऐप app, ऑडियो audio, ऑनलाइन online,
    ऑफिस office, ऑर्डर order, ओके ok, ओली olly, कंप्यूटर computer, कप cup, कार car, कॉन्टैक्ट contact, कॉफी coffee,
    कॉफ़ी coffee, कॉल call, कैब cab, कैलेंडर calendar, क्रिकेट cricket, गूगल google, गेम game, चेक check, चैनल channel,
    जैज़ jazz, जोक joke, टाइम time, टिकट ticket, टीवी tv, टेबल table, टैक्सी taxi, ट्रेन train, ट्रैफिक traffic, ट्वीट tweet,
    ट्विटर twitter, डांस dance, डॉक्टर doctor, डॉलर dollar, डिनर dinner, डिलीट delete, डेट date, नंबर number, नोट note,
    न्यूज़ news, न्यूज news, पार्टी party, पिज़्ज़ा pizza, पिज्जा pizza, पेज page, पोस्ट post, पॉडकास्ट podcast, पॉप pop,
    प्रोग्राम program, प्ले play, प्लेलिस्ट playlist, प्लीज please, फाइल file, फिल्म film, फेसबुक facebook, फैक्ट fact, फोन phone,
    फ़ोन phone, फ्लाइट flight, बस bus, बाथरूम bathroom, बार bar, बुक book, बेडरूम bedroom, बैंक bank, मार्केट market,
    मिनट minute, मीटिंग meeting, मूवी movie, मेल mail, मैच match, मैसेज message, मोड mode, म्यूजिक music, म्यूट mute,
    यूरो euro, रिमाइंडर reminder, रिप्लाई reply, रेडियो radio, रेस्टोरेंट restaurant, रूम room, रॉक rock, लाइट light,
    लाइट्स lights, लिस्ट list, लंच lunch, वीडियो video, वॉल्यूम volume, वैक्यूम vacuum, शॉपिंग shopping, शेड्यूल schedule,
    शेयर share, शो show, सर्विस service, सिटी city, सेट set, सॉकेट socket, सॉन्ग song, स्टार्ट start, स्टेशन station,
    स्टॉक stock, स्पीकर speaker, स्मार्ट smart, स्विच switch, हेलो hello, होटल hotel
"""
LOANWORDS: Mapping[str, str] = dict(pair.split() for pair in normalize("NFC", _PAIRS).split(","))
"""By their form in NFC, which writes a letter and its dot below as two code points."""
