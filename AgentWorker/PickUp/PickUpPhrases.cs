namespace CityMonitor.AgentWorker.PickUp;

/// <summary>What machines say in one language. A flow adds its own by its key `pick_up`.</summary>
sealed record PickUpPhrases
{
    /// <summary>Only an answering machine says so.</summary>
    public IReadOnlyList<Phrase> Machine { get; init; } = [];

    /// <summary>How answering machines begin, and some people.</summary>
    public IReadOnlyList<Phrase> Openings { get; init; } = [];

    /// <summary>Answering machines say so, and people too: it counts together with such an opening, or in a very long one.</summary>
    public IReadOnlyList<Phrase> Hints { get; init; } = [];

    public IReadOnlyList<Phrase> Screening { get; init; } = [];

    public IReadOnlyList<Phrase> Menu { get; init; } = [];

    /// <summary>Behind a screening or a menu: somebody is being fetched.</summary>
    public IReadOnlyList<Phrase> Hold { get; init; } = [];

    /// <summary>The same, where it is all that is said.</summary>
    public IReadOnlyList<Phrase> Thanks { get; init; } = [];

    /// <summary>Only people say so, whatever else is in it.</summary>
    public IReadOnlyList<Phrase> Person { get; init; } = [];

    /// <summary>How somebody begins who comes to the phone while the machine still runs.</summary>
    public IReadOnlyList<Phrase> Begins { get; init; } = [];

    /// <param name="language">As in a flow: en, es, en-US. Machines speak English beside any other language.</param>
    public static PickUpPhrases Of(string language) => language.StartsWith("es", StringComparison.OrdinalIgnoreCase) ? Both(Spanish, English) : English;

    /// <summary>With what a flow adds.</summary>
    public PickUpPhrases With(IEnumerable<string> machine, IEnumerable<string> screening, IEnumerable<string> menu) => this with
    {
        Machine = [.. Machine, .. machine.Select(text => new Phrase(text))],
        Screening = [.. Screening, .. screening.Select(text => new Phrase(text))],
        Menu = [.. Menu, .. menu.Select(text => new Phrase(text))],
    };

    static readonly PickUpPhrases English = new()
    {
        Machine = List(
            "leave a message", "leave your message", "leave us a message", "leave me a message after", "leave your name", "leave * name and number", "leave a brief message", "leave a short message", "leave a detailed message", "leave a voicemail",
            "after the tone", "after the beep", "at the tone", "at the beep", "at the sound of the", "record your message", "voice mailbox", "voicemail box", "voice mail box", "mailbox is full", "mailbox has not been set up",
            "reached the voicemail", "reached the voice mail", "reached my voicemail", "forwarded to voicemail", "forwarded to voice mail", "forwarded to an automated", "forwarded to an automatic", "automatic voice message system", "automated voice messaging", "this is the voicemail of", "welcome to the voicemail",
            "the person you are trying to reach is not available", "the number you have dialed", "the number you have dialled", "the subscriber you have"),
        Openings = List("youve reached", "you have reached", "you reached"),
        Hints = List(
            "take your call", "answer your call", "come to the phone", "get to the phone", "unable to answer", "not available", "isnt available", "unavailable", "not here right now", "get back to you", "return your call", "call you back", "office hours", "currently closed",
            "leave me a message", "in an emergency", "if this is an emergency"),
        Screening = List(
            "record your name and", "say your name and why", "say your name and * reason", "say your name and what", "state your name and why", "state your name and * reason", "tell me your name and why", "name and reason for calling", "name and why youre calling", "name and why you are calling",
            "using a screening service", "call screening service", "screening this call", "screening service from", "this call is being screened", "see if this person is available", "see if they are available", "see if theyre available", "before i try to connect you", "before i try connecting you",
            "the person youre calling is using", "the person you are calling is using", "the person you are calling cannot be reached directly", "i am * assistant for", "im * assistant for", "copy of this conversation"),
        Menu = [
            .. Keys(["press", "dial", "say", "select"], ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "pound", "star", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], ["for", "to"]),
            .. List("say or press", "press or say", "dial by name", "enter * extension", "enter your party", "know your partys extension", "our menu options", "menu options have changed", "following menu", "main menu", "choose from the following", "following options", "all of our agents", "all our agents", "you can say things like")],
        Hold = List("hold", "stay on the line", "please stay", "one moment", "just a moment", "please wait", "connecting", "connect you", "transferring", "transfer you", "putting you through", "put you through", "try to reach", "trying to reach", "still trying", "let them know", "let me check"),
        Thanks = List("thanks", "thank you", "got it", "okay", "ok"),
        Person = List(
            "take a message", "got your message", "got a message", "got the message", "did you leave", "should i leave", "do i leave", "want me to leave", "a message with me", "leave it with me", "message on whatsapp", "message me", "text me",
            "do i press", "should i press", "shall i press", "i pressed", "ive pressed", "i have pressed", "i have to press", "need to press", "what do i press", "i press one", "i press two",
            "talking to a machine", "talking to a robot", "you a machine", "you a robot", "this a robot", "this a machine", "this a recording", "you an automated", "reached the wrong", "have the wrong number", "is this about", "what do you want"),
        Begins = List("hello", "hi", "hey", "yes", "yeah", "sorry", "im here", "i am here", "speaking", "wait", "dont hang up", "who is this", "whos this", "who is calling", "whos calling"),
    };

    static readonly PickUpPhrases Spanish = new()
    {
        Machine = List(
            "deje su mensaje", "deje un mensaje", "deje su recado", "deja tu mensaje", "deja un mensaje", "deja tu recado", "deje su nombre", "deja tu nombre", "grabe su mensaje", "graba tu mensaje", "despues de la senal", "despues del tono", "tras la senal", "al oir la senal", "al escuchar el tono",
            "buzon de voz", "buzon de mensajes", "contestador automatico", "el telefono al que llama", "el numero que usted marco", "el numero marcado", "apagado o fuera de cobertura"),
        Openings = List("ha llamado a", "has llamado a", "se ha comunicado con", "te has comunicado con", "se comunico con"),
        Hints = List("atender su llamada", "atender tu llamada", "atenderle", "atenderte", "contestar", "no esta disponible", "no me encuentro", "no nos encontramos", "llamare", "devolvere", "devolveremos", "horario de atencion"),
        Screening = List(
            "diga su nombre y", "di tu nombre y", "grabe su nombre y", "graba tu nombre y", "el motivo de su llamada para", "el motivo de tu llamada y", "servicio de filtrado", "filtrado de llamadas", "esta filtrando", "vere si * disponible", "comprobare si * disponible", "soy * asistente virtual"),
        Menu = [
            .. Keys(["marque", "pulse", "oprima", "presione", "diga", "el"], ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "asterisco", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], ["para", "si"]),
            .. List("marque la extension", "marque el numero de extension", "las siguientes opciones", "menu principal", "todos nuestros agentes", "si conoce la extension")],
        Hold = List("espere", "un momento", "no cuelgue", "en linea", "le comunico", "le paso", "transfiriendo", "conectando", "voy a ver"),
        Thanks = List("gracias", "muy bien", "vale"),
        Person = List("quiere dejar", "tomar * recado", "tomo * recado", "tomar un mensaje", "es una maquina", "un robot", "una grabacion", "tengo que marcar", "debo pulsar", "tengo que pulsar", "he pulsado", "recibi su mensaje", "mandeme un mensaje", "mensaje por whatsapp", "numero equivocado", "que desea", "que quiere"),
        Begins = List("hola", "bueno", "diga", "digame", "si", "perdon", "aqui estoy", "quien es", "quien habla", "espere"),
    };

    static List<Phrase> List(params string[] texts) => [.. texts.Select(text => new Phrase(text))];

    /// <summary>"Press one for", and "for ... press one".</summary>
    static IEnumerable<Phrase> Keys(string[] verbs, string[] keys, string[] purposes) =>
        from verb in verbs from key in keys from purpose in purposes from phrase in (string[])[$"{verb} {key} {purpose}", $"{purpose} * {verb} {key}"] select new Phrase(phrase);

    static PickUpPhrases Both(PickUpPhrases one, PickUpPhrases other) => new()
    {
        Machine = [.. one.Machine, .. other.Machine],
        Openings = [.. one.Openings, .. other.Openings],
        Hints = [.. one.Hints, .. other.Hints],
        Screening = [.. one.Screening, .. other.Screening],
        Menu = [.. one.Menu, .. other.Menu],
        Hold = [.. one.Hold, .. other.Hold],
        Thanks = [.. one.Thanks, .. other.Thanks],
        Person = [.. one.Person, .. other.Person],
        Begins = [.. one.Begins, .. other.Begins],
    };
}
