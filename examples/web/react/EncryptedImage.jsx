import { useEffect, useState } from 'react';
import { useEncryptedFile } from './useEncryptedFile.js';

/** An image that its policy lets the reader see. */
export function EncryptedImage({ network, source, alt }) {
  const [state, open] = useEncryptedFile(network, source);
  const [url, setUrl] = useState();

  useEffect(() => {
    if (state.step !== 'open') return undefined;
    let made;
    let gone = false;
    void state.file.blob('image/png').then((blob) => {
      if (!gone) setUrl((made = URL.createObjectURL(blob)));
    });
    return () => {
      gone = true;
      if (made) URL.revokeObjectURL(made);
      void state.file.close();
    };
  }, [state]);

  if (url) return <img src={url} alt={alt} />;
  if (state.step === 'refused') {
    return (
      <ul role="alert">
        {state.problem.reasons?.map((reason) => (
          <li key={reason.path}>
            {reason.what}: {reason.found}. {reason.remedy}
          </li>
        ))}
      </ul>
    );
  }
  if (state.step === 'failed') return <p role="alert">{`${state.problem.message}. ${state.problem.hint}`}</p>;
  return (
    <button onClick={open} disabled={state.step !== 'idle'}>
      {state.step === 'idle' ? 'Open' : 'Asking …'}
    </button>
  );
}
