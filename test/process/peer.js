'use strict';

// What a script says to the test that started it with startPeer() (children.js).

/** Answers the calls of the test: `calls` by name, each with one argument. A call without a number gets no answer. After `close`
 *  the script ends by itself, if nothing is left to do. */
function serve(calls) {
  process.on('message', async ({ number, call, argument }) => {
    let answer;
    try {
      answer = { number, value: await calls[call](argument) };
    } catch (error) {
      answer = { number, error: `${error.code ?? ''} ${error.stack}` };
    }
    if (number !== undefined) process.send(answer, () => call === 'close' && process.disconnect());
  });
  process.send({ news: 'ready' });
}

/** Tells the test, which heard of nothing. */
function tell(news, about) {
  process.send({ news, about });
}

module.exports = { serve, tell };
