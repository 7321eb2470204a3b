using CityMonitor.AgentWorker.PickUp;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.PickUp;

/// <summary>What picks up says this in its first turn.</summary>
public sealed class CalleeTests
{
    [Theory]
    // How people answer.
    [InlineData("Hello?")]
    [InlineData("Hello, who's calling please?")]
    [InlineData("Who is this and why are you calling me?")]
    [InlineData("Dana Reyes, Central Police.")]
    [InlineData("Harbour fire station, Lieutenant Park speaking, how may I direct your call?")]
    [InlineData("Yes, this is she. What is it about?")]
    [InlineData("Dispatch, go ahead.")]
    [InlineData("State your name and badge number, please.")]
    [InlineData("May I ask the reason for your call?")]
    [InlineData("Who may I say is calling?")]
    // People who say what machines say.
    [InlineData("Sorry, I can't take your call right now, call me back in five minutes.")]
    [InlineData("I can't take your call right now, I'll call you back.")]
    [InlineData("He's not available right now, can I take a message?")]
    [InlineData("She is not available, she will get back to you.")]
    [InlineData("I got your message, what is it?")]
    [InlineData("Did you leave a message on my phone this morning?")]
    [InlineData("Just leave me a message on WhatsApp, I am in a meeting.")]
    [InlineData("Do I press one for yes?")]
    [InlineData("I pressed one, nothing happens.")]
    [InlineData("The press is here for the accident already.")]
    [InlineData("They want to press charges for trespassing.")]
    [InlineData("Automated assistant? Is this a robot?")]
    [InlineData("Am I talking to a machine?")]
    [InlineData("Your automated assistant called me already.")]
    [InlineData("Hold on a second, please.")]
    [InlineData("One moment, I am driving.")]
    [InlineData("You've reached the wrong number.")]
    [InlineData("You have reached Lieutenant Park.")]
    [InlineData("Our office hours are over, but go on.")]
    [InlineData("At the beach, why?")]
    [InlineData("I'll see if she is in.")]
    [InlineData("Thank you for calling, what can I do for you?")]
    [InlineData("Okay.")]
    [InlineData("Yes we have a unit free at the station and I can send them over to the harbour right away but first tell me who you are and what has happened there please.")]
    // In Spanish.
    [InlineData("\u00bfBueno? \u00bfQui\u00e9n habla?", "es")]
    [InlineData("D\u00edgame, \u00bfde parte de qui\u00e9n?", "es")]
    [InlineData("No est\u00e1 disponible, \u00bfquiere dejar un mensaje?", "es")]
    [InlineData("Estaci\u00f3n de bomberos, Garc\u00eda al habla.", "es")]
    [InlineData("\u00bfTengo que marcar uno para aceptar?", "es")]
    [InlineData("\u00bfEs una m\u00e1quina?", "es")]
    public void A_person_stays_a_person(string said, string language = "en") => Assert.Equal(CalleeKind.Person, Callee.Of(said, PickUpPhrases.Of(language)));

    [Theory]
    [InlineData("Hi, this is Dana Reyes. I can't take your call right now, please leave a message after the tone.")]
    [InlineData("You have reached the voicemail of this number. Please leave a message after the tone.")]
    [InlineData("Hey it's Mike, leave me a message after the beep.")]
    [InlineData("Your call has been forwarded to an automated voice message system.")]
    [InlineData("The person you are trying to reach is not available. At the tone, please record your message.")]
    [InlineData("You've reached Station Four. We can't come to the phone right now.")]
    [InlineData("You have reached Dana. I'm unavailable.")]
    [InlineData("The mailbox is full and cannot accept any messages at this time. Goodbye.")]
    [InlineData("Please leave your name, number and a brief message and I will return your call.")]
    [InlineData("Thanks for calling the harbour police. Our office is currently closed. Regular hours are from nine to five on weekdays. In an emergency please dial nine one one.")]
    [InlineData("To leave a voicemail press one.")]
    [InlineData("Ha llamado a Garc\u00eda. No puedo atender su llamada, deje un mensaje despu\u00e9s de la se\u00f1al.", "es")]
    [InlineData("El tel\u00e9fono al que llama est\u00e1 apagado o fuera de cobertura.", "es")]
    [InlineData("Le atiende el contestador autom\u00e1tico del n\u00famero marcado.", "es")]
    [InlineData("Please leave a message after the tone.", "es")]
    public void An_answering_machine_is_known(string said, string language = "en") => Assert.Equal(CalleeKind.Machine, Callee.Of(said, PickUpPhrases.Of(language)));

    [Theory]
    [InlineData("Hi, if you record your name and reason for calling, I'll see if this person is available.")]
    [InlineData("Hi, the person you're calling is using a screening service from Google, and will get a copy of this conversation. Go ahead and say your name, and why you're calling.")]
    [InlineData("Before I try to connect you, can I ask what you're calling about?")]
    [InlineData("The person you are calling cannot be reached directly. Please say your name and why you are calling, and I will see if they are available.")]
    [InlineData("Hello, I'm the virtual assistant for Dana Reyes. What is this call about?")]
    [InlineData("This call is being screened. State your name and the reason for calling.")]
    [InlineData("Por favor, diga su nombre y el motivo de su llamada.", "es")]
    public void A_call_screening_is_known(string said, string language = "en") => Assert.Equal(CalleeKind.Screening, Callee.Of(said, PickUpPhrases.Of(language)));

    [Theory]
    [InlineData("Thank you for calling City Hall. For English, press one. Para espa\u00f1ol, oprima el dos.")]
    [InlineData("Press 1 for dispatch, press 2 for records.")]
    [InlineData("If you know your party's extension, you may dial it at any time.")]
    [InlineData("Please listen carefully as our menu options have changed.")]
    [InlineData("To reach the duty officer, press zero.")]
    [InlineData("All of our agents are busy. Your call is important to us.")]
    [InlineData("Para bomberos, marque uno. Para polic\u00eda, marque dos.", "es")]
    public void A_menu_is_known(string said, string language = "en") => Assert.Equal(CalleeKind.Menu, Callee.Of(said, PickUpPhrases.Of(language)));

    [Theory]
    [InlineData(CalleeKind.Machine, "We will get back to you as soon as we can.", CalleeKind.Machine)]
    [InlineData(CalleeKind.Machine, "Hello? Sorry, I'm here.", CalleeKind.Person)]
    [InlineData(CalleeKind.Screening, "Thanks.", CalleeKind.Screening)]
    [InlineData(CalleeKind.Screening, "Stay on the line while I try to reach them.", CalleeKind.Screening)]
    [InlineData(CalleeKind.Screening, "Thanks, this is Dana Reyes. What happened?", CalleeKind.Person)]
    [InlineData(CalleeKind.Screening, "Yes?", CalleeKind.Person)]
    [InlineData(CalleeKind.Menu, "Please hold while we connect you.", CalleeKind.Menu)]
    [InlineData(CalleeKind.Menu, "Station Four, Park speaking.", CalleeKind.Person)]
    public void What_follows_is_understood_by_what_came_before(CalleeKind before, string said, CalleeKind now) => Assert.Equal(now, Callee.Of(said, PickUpPhrases.Of("en"), before));

    [Fact]
    public void A_flow_adds_phrases_of_its_own()
    {
        var phrases = PickUpPhrases.Of("en").With(["sprechen * nach dem Ton"], [], ["w\u00e4hlen Sie die"]);
        Assert.Equal(CalleeKind.Machine, Callee.Of("Bitte sprechen Sie nach dem Ton.", phrases));
        Assert.Equal(CalleeKind.Menu, Callee.Of("F\u00fcr die Wache w\u00e4hlen Sie die Eins.", phrases));
        Assert.Equal(CalleeKind.Person, Callee.Of("Sprechen Sie.", phrases));
    }
}
