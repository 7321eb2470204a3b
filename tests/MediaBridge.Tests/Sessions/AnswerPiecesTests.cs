using CityMonitor.MediaBridge.Sessions;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.MediaBridge.Tests.Sessions;

public sealed class AnswerPiecesTests
{
    static readonly CallId Call = CallId.Parse("fd-1.1");

    [Fact]
    public void Each_piece_is_let_through_once_and_in_order()
    {
        var pieces = AnswerPieces.Resumed(null);
        pieces.Begin(1, 4);
        Assert.Empty(pieces.Take(Piece(1, 4, 1, "two")));
        Assert.Equal(["one", "two"], pieces.Take(Piece(1, 4, 0, "one")));
        Assert.Empty(pieces.Take(Piece(1, 4, 0, "another one")));
        Assert.Empty(pieces.Take(Piece(1, 4, 1, "two")));
        Assert.Equal("1.4.2", pieces.ToString());
    }

    [Fact]
    public void The_end_may_overtake_the_last_piece()
    {
        var pieces = AnswerPieces.Resumed(null);
        pieces.Begin(1, 4);
        pieces.Finish(new TurnFinished(Call, 1, 4, 1));
        Assert.False(pieces.IsComplete());
        pieces.Take(Piece(1, 4, 0, "one"));
        Assert.True(pieces.IsComplete());
        Assert.False(pieces.IsComplete());
    }

    [Fact]
    public void Pieces_of_another_turn_or_of_one_that_was_stopped_are_not_heard()
    {
        var pieces = AnswerPieces.Resumed(null);
        Assert.Empty(pieces.Take(Piece(1, 1, 0, "nobody asked")));
        pieces.Begin(1, 5);
        Assert.Empty(pieces.Take(Piece(1, 4, 0, "old")));
        Assert.Empty(pieces.Take(Piece(2, 5, 0, "of another stream")));
        pieces.Stop(5);
        Assert.Empty(pieces.Take(Piece(1, 5, 0, "stopped")));
    }

    [Fact]
    public void Another_bridge_goes_on_where_the_first_one_was()
    {
        var pieces = AnswerPieces.Resumed("1.5.3");
        Assert.Empty(pieces.Take(Piece(1, 5, 2, "known")));
        Assert.Equal(["new"], pieces.Take(Piece(1, 5, 3, "new")));
        pieces.Begin(2, 1);
        Assert.Empty(pieces.Take(Piece(1, 5, 4, "over")));
        Assert.Empty(AnswerPieces.Resumed("nonsense").Take(Piece(0, 0, 0, "x")));
    }

    static Speak Piece(int stream, int turn, int index, string text) => new(Call, stream, turn, index, text);
}
